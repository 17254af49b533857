//! Signals that whoever starts us ignores, as a shell without job control does for `&`.

use std::fs;

use super::answering;

#[test]
fn claude_does_not_ignore_an_interrupt_that_its_caller_ignores() {
    let sandbox = answering();
    let (claude, real) = (
        sandbox.bin().join("claude"),
        sandbox.bin().join("real-claude"),
    );
    fs::rename(&claude, &real).unwrap();
    let script = "#!/bin/sh\ngrep SigIgn /proc/$$/status >> \"${0%/*}/ignored\"\nexec \"${0%/*}/real-claude\" \"$@\"\n";
    cc_executable::write(&claude, script);
    let shell = sandbox.command(std::path::Path::new("/bin/sh"));
    let shell = shell.args(["-c", "trap '' INT; exec \"$0\" \"$@\""]);
    let shell = shell.args([sandbox.product_file("cc-cli")]);
    shell.args(["review"]).run().success();
    let ignored = fs::read_to_string(sandbox.bin().join("ignored")).unwrap();
    let last = ignored.lines().next_back().unwrap();
    let mask = last.rsplit('\t').next().unwrap();
    let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
    assert_eq!(mask & 2, 0, "SIGINT is the second signal: {last}");
}
