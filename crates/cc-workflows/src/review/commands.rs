//! Reviews that may run commands, such as the tests: in a sandbox of which all that can be read is chosen, and in
//! which the workspace cannot be written.

#[cfg(not(target_os = "linux"))]
mod no_sandbox;
#[cfg(target_os = "linux")]
mod sandbox;

use cc_claude::Request;
use cc_core::ThreadId;

#[cfg(not(target_os = "linux"))]
pub(super) use self::no_sandbox::NoCommandSandbox as CommandSandbox;
#[cfg(target_os = "linux")]
pub(super) use self::sandbox::CommandSandbox;
use crate::Project;
use crate::order::CommandSpec;
use crate::rescue::leftovers::Leftovers;
use crate::rescue::sandbox::{CommandsUnavailable, SandboxMissing};
use crate::rescue::{holds_home, scratch};
use crate::run::CannotRun;

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
    crate::rescue::sandbox::check(&project.env, root)?;
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
