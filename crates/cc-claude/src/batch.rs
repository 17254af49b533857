//! What a batch file can be given: npm puts a `claude.cmd` on the PATH of Windows.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use cc_core::IoError;
use cc_core::fs::temporary_in;
use tempfile::TempPath;

/// Arguments whose text Claude Code also takes from a file, by the name with `-file`; measured on 2.1.197 to 2.1.332.
const PROMPTS: [&str; 2] = ["--system-prompt", "--append-system-prompt"];

/// Whether Windows runs this program by its command interpreter, which takes no line breaks in arguments.
pub(crate) fn is_batch(program: &Path) -> bool {
    let extension = program.extension().unwrap_or_default();
    let is_any = |known: &str| extension.eq_ignore_ascii_case(known);
    cfg!(windows) && (is_any("cmd") || is_any("bat"))
}

/// Puts the prompts among `args` into files in `dir`, which are removed with what is returned.
///
/// # Errors
/// When one cannot be written, or has a path that is not valid Unicode.
pub(crate) fn prompts_to_files(
    args: &mut [OsString],
    dir: &Path,
) -> Result<Vec<TempPath>, IoError> {
    let mut files = Vec::new();
    for arg in args {
        let text = |name: &&str| arg.to_str()?.strip_prefix(*name)?.strip_prefix('=');
        let Some((name, text)) = PROMPTS.iter().find_map(|name| Some((name, text(name)?))) else {
            continue;
        };
        let written = || {
            let mut file = temporary_in(dir)?;
            file.write_all(text.as_bytes())?;
            let path = file.into_temp_path();
            let named = path.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
            Ok((OsString::from(format!("{name}-file={named}")), path))
        };
        let (named, file) = written().map_err(IoError::at("write a prompt in", dir))?;
        *arg = named;
        files.push(file);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_given_as_files_that_go_with_the_run() {
        let dir = tempfile::tempdir().unwrap();
        let given = [
            "-p",
            "--system-prompt=one\ntwo",
            "--append-system-prompt=-three",
            "--model=a\nb",
        ];
        let mut args = given.map(OsString::from);
        let files = prompts_to_files(&mut args, dir.path()).unwrap();
        let file = |at: usize, name: &str| {
            let path = args[at].to_str().unwrap().strip_prefix(name).unwrap();
            std::fs::read_to_string(path).unwrap()
        };
        assert_eq!(file(1, "--system-prompt-file="), "one\ntwo");
        assert_eq!(file(2, "--append-system-prompt-file="), "-three");
        assert_eq!((&args[0], &args[3]), (&given[0].into(), &given[3].into()));
        let names = || std::fs::read_dir(dir.path()).unwrap().flatten();
        let is_swept = |entry: std::fs::DirEntry| {
            cc_core::fs::is_temporary(&entry.file_name().to_string_lossy())
        };
        assert_eq!(names().count(), 2);
        assert!(names().all(is_swept));
        drop(files);
        assert_eq!(names().count(), 0);
    }
}
