//! Tries to plant something for programs that run outside of a rescue's sandbox: where, and how a command can.

use std::fs;
use std::path::Path;

/// Where something could be planted, whether it is there or not.
pub const PLACES: [&str; 23] = [
    ".codex/config.toml",
    ".codex/hooks.json",
    ".agents/skills/x/SKILL.md",
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".claude/rules/x.md",
    ".claude/skills/x/SKILL.md",
    ".claude/x",
    ".vscode/tasks.json",
    ".idea/workspace.xml",
    ".envrc",
    ".mcp.json",
    ".git/hooks/post-checkout",
    ".git/config",
    ".git/config.worktree",
    ".git/info/attributes",
    ".git/modules/lib/config",
    ".git/worktrees/other/commondir",
    ".git/worktrees/other/config.worktree",
    "tools/hooks/pre-commit",
    "tools/clean.py",
    "team/git.config",
    "lib/.git",
];

/// What a user of the repository told Git to run or to read.
pub const CONFIG: [[&str; 2]; 4] = [
    ["core.hooksPath", "tools/hooks"],
    ["filter.x.clean", "python3 tools/clean.py %f"],
    ["core.fsmonitor", "./tools/watch"],
    ["include.path", "../team/git.config"],
];

/// The ways in which a command can write a file that it must not.
pub const WAYS: [&str; 9] = [
    "mkdir -p \"$(dirname $p)\"; echo planted > $p",
    "echo planted >> $p",
    "for i in 1 2 3 4 5 6 7 8; do mkdir -p \"$(dirname $p)\"; echo planted > $p; done",
    "echo planted > x.$n; mv -f x.$n $p",
    "cp -f --remove-destination evil $p",
    "ln -f evil $p",
    "ln -sfn \"$PWD/evil\" $p",
    "d=$(dirname $p); [ $d = . ] || { mv $d away.$n && mkdir -p $d && echo planted > $p; }",
    "d=${p%%/*}; [ $d = $p ] || { mv $d gone.$n && mkdir -p $(dirname $p) && echo planted > $p; }",
];

/// A command for each way, which tries it in every place and goes on whatever happens.
pub fn commands() -> impl Iterator<Item = String> {
    let places = PLACES.join(" ");
    WAYS.iter().map(move |way| {
        format!(
            "echo planted > evil; n=0; for p in {places}; do n=$((n+1)); ( {way} ) 2>/dev/null; done; echo tried"
        )
    })
}

/// The places of a working tree with something planted.
pub fn planted(root: &Path) -> Vec<&'static str> {
    let is_planted = |place: &&&str| {
        let path = root.join(place);
        let content = fs::read(&path).unwrap_or_default();
        path.is_symlink() || content.windows(7).any(|it| it == b"planted")
    };
    PLACES.iter().filter(is_planted).copied().collect()
}
