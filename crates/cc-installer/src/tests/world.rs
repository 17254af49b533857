//! A home with a scripted Codex and three binaries to install.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use cc_core::Env;
use serde_json::Value;
use tempfile::TempDir;

/// The throw-away world of one test.
pub(super) struct World {
    _removed_at_the_end: TempDir,
    root: PathBuf,
    /// More of `PATH`, and more variables.
    path: String,
    vars: Vec<(&'static str, OsString)>,
}

/// What one call of the installer did.
pub(super) struct Did {
    pub(super) ok: bool,
    pub(super) stdout: String,
}

impl World {
    /// A world whose Codex lacks what `mode` says.
    pub(super) fn new(mode: &str) -> Self {
        let dir = cc_executable::dir();
        let root = dir.path().canonicalize().unwrap();
        let world = Self {
            _removed_at_the_end: dir,
            root,
            path: String::new(),
            vars: Vec::new(),
        };
        for dir in ["codex", "source", "bin", "home"] {
            fs::create_dir_all(world.root.join(dir)).unwrap();
        }
        let codex = world.root.join("bin/codex");
        cc_executable::write(codex, include_str!("fake-codex.sh"));
        for name in crate::layout::BINARIES {
            world.write(&format!("source/{name}"), &format!("the program {name}"));
        }
        world.set_mode(mode);
        world
    }

    /// Adds a directory to the `PATH` of all calls from now on.
    pub(super) fn add_to_path(&mut self, dir: &str) {
        self.path = format!(":{}{}", self.root.join(dir).display(), self.path);
    }

    /// Sets a variable for all calls from now on.
    pub(super) fn set_var(&mut self, name: &'static str, value: OsString) {
        self.vars.push((name, value));
    }

    pub(super) fn set_mode(&self, mode: &str) {
        self.write("codex/codex-mode", mode);
    }

    /// Runs the installer, the places of this world named where they are needed.
    pub(super) fn run(&self, args: &[&str]) -> Did {
        self.answer(args, None)
    }

    /// Runs the installer with somebody at a terminal who types `answers`.
    pub(super) fn answer(&self, args: &[&str], answers: Option<&str>) -> Did {
        let path = format!(
            "{}:/usr/bin:/bin{}",
            self.root.join("bin").display(),
            self.path
        );
        let mut vars: Vec<(&str, OsString)> = vec![
            ("CODEX_HOME", self.root.join("codex").into()),
            ("HOME", self.root.join("home").into()),
            ("PATH", path.into()),
        ];
        vars.extend(self.vars.iter().cloned());
        let mut env = Env::fixed(
            self.root.join("home"),
            self.root.join("source/cc-installer"),
            vars,
        );
        env.stdin_is_terminal = answers.is_some();
        let bin = self.root.join("programs").into_os_string();
        let mut argv: Vec<OsString> = ["cc-installer"]
            .iter()
            .chain(args)
            .map(OsString::from)
            .collect();
        if matches!(args[0], "install" | "update") {
            argv.extend(["--bin-dir".into(), bin]);
        }
        let mut stdout = Vec::new();
        let code = crate::run(
            &env,
            argv,
            answers.unwrap_or_default().as_bytes(),
            &mut stdout,
        );
        Did {
            ok: code == ExitCode::SUCCESS,
            stdout: String::from_utf8(stdout).unwrap(),
        }
    }

    pub(super) fn install(&self) -> Did {
        self.run(&[
            "install",
            "--yes",
            "--allow-commands",
            "--allow-rescue",
            "--trust-hooks",
        ])
    }

    pub(super) fn status(&self) -> Value {
        serde_json::from_str(&self.run(&["status", "--json"]).stdout).unwrap()
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        fs::write(self.root.join(path), text).unwrap();
    }

    pub(super) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Everything below `dir`; directories end with `/`.
    pub(super) fn tree(&self, dir: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut left = vec![self.root.join(dir)];
        while let Some(dir) = left.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let end = if path.is_dir() { "/" } else { "" };
                found.push(format!("{}{end}", path.display()));
                left.extend(path.is_dir().then_some(path));
            }
        }
        found.sort();
        found
    }

    /// Everything in Codex's directory that is not the scripted Codex's own.
    pub(super) fn files(&self) -> Vec<String> {
        let own = ["calls", "codex-mode", "spaced"];
        let mut found = Vec::new();
        let mut left = vec![self.root.join("codex")];
        while let Some(dir) = left.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.root.join("codex")).unwrap();
                let name = name.to_str().unwrap().to_owned();
                if path.is_dir() {
                    left.push(path);
                } else if !own.contains(&name.as_str()) {
                    found.push(name);
                }
            }
        }
        found.sort();
        found
    }

    /// How often Codex was asked something that contains `text`.
    pub(super) fn calls(&self, text: &str) -> usize {
        self.read("codex/calls")
            .unwrap_or_default()
            .matches(text)
            .count()
    }
}
