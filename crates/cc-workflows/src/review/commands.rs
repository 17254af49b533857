//! Reviews that may run commands, such as the tests: in a sandbox of which all that can be read is chosen, and in
//! which the workspace cannot be written.

#[cfg(target_os = "linux")]
mod view;

#[cfg(target_os = "linux")]
use std::{ffi::OsString, path::Path};

#[cfg(target_os = "linux")]
use cc_claude::Tools;
use cc_claude::{End, Outcome, Request};
#[cfg(target_os = "linux")]
use cc_core::IoError;
use cc_core::{Failure, FailureClass, ThreadId};

use crate::Project;
use crate::order::CommandSpec;
#[cfg(target_os = "linux")]
use crate::rescue::cage;
use crate::rescue::leftovers::Leftovers;
#[cfg(target_os = "linux")]
use crate::rescue::sandbox::starter::Starter;
use crate::rescue::sandbox::{self, CommandsUnavailable, SandboxMissing};
use crate::rescue::{holds_home, scratch};
use crate::run::{CannotRun, Run};

/// What the worker of a review that may run commands needs.
pub(super) fn prepare(
    project: &Project,
    readable: &[String],
) -> Result<CommandSpec, CommandsUnavailable> {
    if !cfg!(target_os = "linux") {
        return Err(CommandsUnavailable::NotLinux);
    }
    let root = project.store.workspace().root();
    if root.parent().is_none() || holds_home(project) {
        return Err(CommandsUnavailable::HoldsHome);
    }
    sandbox::check(&project.env, root)?;
    let name = ThreadId::fresh();
    Ok(CommandSpec {
        scratch: project.data.scratch(&name),
        starter: project.data.sandbox_starter(&name),
        readable: scratch::writable(&project.env, readable),
        leftovers: Leftovers::note([root]),
    })
}

/// Whether a review could run commands here: makes their sandbox and has a command try to get out.
///
/// # Errors
/// Why it could not.
pub(crate) fn check(project: &Project) -> Result<(), CommandsUnavailable> {
    let spec = prepare(project, &[])?;
    let request = Request::new(project.store.workspace().root());
    let made = CommandSandbox::make(project, &spec, request);
    Leftovers::tidy(&spec.leftovers, &[], project.store.now());
    spec.clean_up();
    match made {
        Ok(_) => Ok(()),
        Err(CannotRun::Sandbox(missing)) => Err(missing.into()),
        Err(error) => Err(CommandsUnavailable::Sandbox(SandboxMissing::Refused {
            reason: error.to_string(),
            allow: None,
        })),
    }
}

/// What Claude is told of it.
pub(super) fn note(spec: &CommandSpec) -> String {
    let scratch = spec.scratch.display();
    format!(
        "Bash runs commands in a sandbox: run the tests that prove or refute what you suspect, and say in the \
         answer what you ran and what came of it. The working tree is read-only there and there is no network. \
         Build output belongs below `$CC_SCRATCH` ({scratch}), where CARGO_TARGET_DIR and the caches are already; if \
         a tool insists on writing beside the sources, copy what it needs there first. Of the home directory \
         only toolchains are visible."
    )
}

/// The sandbox of one review. Its directories are removed with it.
pub(super) struct CommandSandbox {
    #[cfg(target_os = "linux")]
    starter: Starter,
    /// For temporary files of this run alone; Claude Code's sockets are in it.
    _temporary: tempfile::TempDir,
    spec: CommandSpec,
}

impl CommandSandbox {
    /// Prepares it, shows that it holds, and has `request` use it.
    ///
    /// # Errors
    /// [`SandboxMissing`] if a command in it could write the workspace, read what is not chosen, or has
    /// capabilities or a network.
    #[cfg(target_os = "linux")]
    pub(super) fn make(
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
        let view = view::CommandView::of(project, &request, spec, temporary.path());
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

    #[cfg(not(target_os = "linux"))]
    pub(super) fn make(
        _: &Project,
        _: &CommandSpec,
        _: Request,
    ) -> Result<(Self, Request), CannotRun> {
        Err(SandboxMissing::Unsupported.into())
    }

    /// Has a command try what it must not be able to do.
    #[cfg(target_os = "linux")]
    fn prove(&self, root: &Path) -> Result<(), CannotRun> {
        let refused = |reason: &str| SandboxMissing::Refused {
            reason: reason.to_owned(),
            allow: None,
        };
        let canary = self.spec.starter.join("canary");
        std::fs::write(&canary, "seen").map_err(IoError::at("write", &canary))?;
        let probe = root.join(format!(".cc-probe-{}", std::process::id()));
        let said = self.starter.probe(&[&probe, &canary]);
        if probe.symlink_metadata().is_ok() {
            let _ = std::fs::remove_file(&probe);
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
    pub(super) fn end(self, run: &mut Run<'_>, outcome: &mut Outcome) {
        let ready = run.recorder.ready().unwrap_or(run.project.store.now());
        Leftovers::tidy(&self.spec.leftovers, &[], ready);
        if outcome.report.ran_commands && self.was_avoided() {
            outcome.end = End::Failed(Failure::new(FailureClass::Sandbox, sandbox::AVOIDED));
        }
        self.spec.clean_up();
    }

    fn was_avoided(&self) -> bool {
        #[cfg(target_os = "linux")]
        return !self.starter.was_used();
        #[cfg(not(target_os = "linux"))]
        false
    }
}

/// Where build tools write instead of beside the sources.
#[cfg(target_os = "linux")]
fn build_variables(scratch: &Path) -> Result<Vec<(OsString, OsString)>, IoError> {
    cc_core::fs::create_private_dir(&scratch.join("tmp"))?;
    let at = |name: &str, dir: &str| (OsString::from(name), scratch.join(dir).into_os_string());
    Ok(vec![
        ("CC_SCRATCH".into(), scratch.into()),
        at("CARGO_TARGET_DIR", "target"),
        at("PYTHONPYCACHEPREFIX", "pycache"),
        // It would warn at each run that it cannot write.
        ("PYTEST_ADDOPTS".into(), "-p no:cacheprovider".into()),
    ])
}
