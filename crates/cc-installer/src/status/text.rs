//! The same for people.

use std::fmt::{self, Display, Formatter};

use cc_core::text::count;

use super::Status;

impl Display for Status {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "cc {}", self.version)?;
        match &self.codex {
            Some(codex) => {
                let version = codex.version.as_deref().unwrap_or("unknown version");
                writeln!(f, "  codex        {version}, {}", codex.path)?;
            }
            None => writeln!(f, "  codex        not found")?,
        }
        let there = |name: &str| self.binaries[name].is_string();
        let binaries = if crate::place::BINARIES.into_iter().all(there) {
            self.binaries["dir"].as_str().unwrap_or_default()
        } else {
            "missing"
        };
        writeln!(f, "  binaries     {binaries}")?;
        let plugin = match (self.plugin.installed, self.plugin.enabled) {
            (false, _) => "not installed".to_owned(),
            (true, false) => "installed, switched off".to_owned(),
            (true, true) => match (&self.plugin.version, self.plugin.way) {
                (Some(version), _) => format!("installed, {version}"),
                (None, Some("wrappers")) => "installed as skills of the user".to_owned(),
                (None, _) => "installed".to_owned(),
            },
        };
        writeln!(f, "  plugin       {plugin}")?;
        let hooks = match (self.hooks.way, self.hooks.trusted) {
            (None, _) => "not installed".to_owned(),
            (Some(way), trusted) => {
                let from = if way == "native" {
                    "from the plugin"
                } else {
                    "in hooks.json"
                };
                let trust = match trusted {
                    _ if self.hooks.switched_off => "switched off",
                    "all" => "trusted",
                    "some" => "some not trusted",
                    "none" => "not trusted",
                    "notNeeded" => "no trust needed",
                    _ => "trust unknown",
                };
                match self.hooks.entries.len() {
                    0 => format!("{from}, {trust}"),
                    known => format!("{}, {from}, {trust}", count(known, "hook")),
                }
            }
        };
        writeln!(f, "  hooks        {hooks}")?;
        let rule = match (self.exec_rule.present, self.exec_rule.matches) {
            (_, true) => self.exec_rule.path.clone(),
            (true, false) => "for another cc-cli".to_owned(),
            (false, false) => "none".to_owned(),
        };
        writeln!(f, "  exec rule    {rule}")?;
        for problem in &self.problems {
            writeln!(f, "\n  ! {}\n    {}", problem.what, problem.fix)?;
        }
        if self.is_good() {
            writeln!(f, "\nAll good.")?;
        }
        Ok(())
    }
}
