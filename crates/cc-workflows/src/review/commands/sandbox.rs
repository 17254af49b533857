//! The sandbox for the commands of a review, where Claude Code's is our own `bwrap`.

mod view;

use std::ffi::OsString;
use std::path::Path;
use std::{fs, process};

use cc_claude::{End, Outcome, Request, Tools};
use cc_core::fs::create_private_dir;
use cc_core::{Failure, FailureClass, IoError};
use tempfile::TempDir;

use self::view::CommandView;
use crate::Project;
use crate::order::CommandSpec;
use crate::rescue::leftovers::Leftovers;
use crate::rescue::sandbox::starter::Starter;
use crate::rescue::sandbox::{AVOIDED, SandboxMissing};
use crate::rescue::{cage, scratch};
use crate::run::{CannotRun, Run};

/// The sandbox of one review. Its directories are removed with it.
pub(in crate::review) struct CommandSandbox {
    starter: Starter,
    /// For temporary files of this run alone; Claude Code's sockets are in it.
    _temporary: TempDir,
    spec: CommandSpec,
}

impl CommandSandbox {
    /// Prepares it, shows that it holds, and has `request` use it.
    ///
    /// # Errors
    /// [`SandboxMissing`] if a command in it could write the workspace, read what is not chosen, or has
    /// capabilities or a network.
    pub(in crate::review) fn make(
        project: &Project,
        spec: &CommandSpec,
        request: Request,
    ) -> Result<(Self, Request), CannotRun> {
        let temporary = cage::temporary(&project.env)?;
        let mut env = scratch::caches(&project.env, &spec.scratch)?;
        env.extend(build_variables(&spec.scratch)?);
        env.extend(
            ["TMPDIR", "CLAUDE_CODE_TMPDIR"].map(|name| (name.into(), temporary.path().into())),
        );
        let view = CommandView::of(project, &request, spec, temporary.path());
        let root = &request.cwd;
        let starter = Starter::make_reader(&project.env, root, &spec.starter, &view.values())?;
        let sandbox = Self {
            starter,
            _temporary: temporary,
            spec: spec.clone(),
        };
        sandbox.prove(root)?;
        let request = Request {
            tools: Tools::ReadAndRun(vec![spec.scratch.clone()]),
            programs: Some(spec.starter.clone()),
            env,
            ..request
        };
        Ok((sandbox, request))
    }

    /// Has a command try what it must not be able to do.
    fn prove(&self, root: &Path) -> Result<(), CannotRun> {
        let refused = |reason: &str| SandboxMissing::Refused {
            reason: reason.to_owned(),
            allow: None,
        };
        let canary = self.spec.starter.join("canary");
        fs::write(&canary, "seen").map_err(IoError::at("write", &canary))?;
        let probe = root.join(format!(".cc-probe-{}", process::id()));
        let said = self.starter.probe(&[&probe, &canary]);
        if probe.symlink_metadata().is_ok() {
            let _ = fs::remove_file(&probe);
            return Err(refused("a command in it can write the workspace").into());
        }
        let said = said?;
        for (word, reason) in [
            ("seen", "a command in it reads files that are not chosen"),
            ("network", "a command in it has a network"),
        ] {
            if said.lines().any(|line| line == word) {
                return Err(refused(reason).into());
            }
        }
        match said.lines().any(|line| line == "tried") {
            true => Ok(()),
            false => Err(refused("a command in it does not run").into()),
        }
    }

    /// Removes what the run left, and fails a run whose commands were not started by it.
    pub(in crate::review) fn end(self, run: &mut Run<'_>, outcome: &mut Outcome) {
        let ready = run.recorder.ready().unwrap_or(run.project.store.now());
        Leftovers::tidy(&self.spec.leftovers, &[], ready);
        if outcome.report.ran_commands && !self.starter.was_used() {
            outcome.end = End::Failed(Failure::new(FailureClass::Sandbox, AVOIDED));
        }
        self.spec.clean_up();
    }
}

/// Where build tools write instead of beside the sources.
fn build_variables(scratch: &Path) -> Result<Vec<(OsString, OsString)>, IoError> {
    create_private_dir(&scratch.join("tmp"))?;
    let at = |name: &str, dir: &str| (OsString::from(name), scratch.join(dir).into_os_string());
    Ok(vec![
        ("CC_SCRATCH".into(), scratch.into()),
        at("CARGO_TARGET_DIR", "target"),
        at("PYTHONPYCACHEPREFIX", "pycache"),
        // It would warn at each run that it cannot write.
        ("PYTEST_ADDOPTS".into(), "-p no:cacheprovider".into()),
    ])
}
