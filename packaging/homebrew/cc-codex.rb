class CcCodex < Formula
  desc "Codex plugin that hands reviews and tasks to Claude Code"
  homepage "{{repository}}"
  version "{{version}}"
  license "Apache-2.0"

{{archives}}
  def install
    bin.install "cc-cli", "cc-hooks", "cc-installer"
    man1.install Dir["share/man/man1/*"]
    bash_completion.install Dir["share/bash-completion/completions/*"]
    zsh_completion.install Dir["share/zsh/site-functions/*"]
    fish_completion.install Dir["share/fish/vendor_completions.d/*"]
  end

  def caveats
    "Enable it in Codex: cc-installer install"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/cc-cli --version")
  end
end
