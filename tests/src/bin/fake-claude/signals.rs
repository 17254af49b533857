//! What signals do to a run.

/// Makes SIGINT end the process like the real one, or makes it and its friends do nothing.
#[cfg(unix)]
pub(crate) fn take(ignore: bool, session: &str) {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let wanted: &[i32] = if ignore {
        &[SIGINT, SIGTERM, SIGHUP]
    } else {
        &[SIGINT]
    };
    let mut signals = Signals::new(wanted).expect("these signals can be handled");
    let session = session.to_owned();
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if !ignore {
                end_interrupted(&session);
            }
        }
    });
}

#[cfg(not(unix))]
pub(crate) fn take(_: bool, _: &str) {}

/// Ends as Claude 2.1.330 does on SIGINT: a result of `error_during_execution`, exit code 0.
#[cfg(unix)]
#[expect(
    clippy::exit,
    reason = "a signal ends the process from a thread of its own"
)]
fn end_interrupted(session: &str) -> ! {
    use std::io::Write;

    let result = serde_json::json!({
        "type": "result", "subtype": "error_during_execution", "is_error": true, "errors": [],
        "session_id": session, "terminal_reason": "aborted_streaming", "permission_denials": [],
    });
    let _ = writeln!(std::io::stdout(), "{result}");
    std::process::exit(0)
}
