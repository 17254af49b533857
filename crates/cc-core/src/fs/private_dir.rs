//! Directories that are accessible to the user only.

use std::io;
use std::path::Path;

#[cfg(unix)]
pub(super) fn create(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// What is made in such a directory later inherits its access.
#[cfg(windows)]
pub(super) fn create(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        create(parent)?;
    }
    match windows::create(path, &windows::user_only()?) {
        // Somebody else made it meanwhile.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Access control lists in the text form of Windows (SDDL).
#[cfg(windows)]
mod windows {
    #![expect(
        unsafe_code,
        reason = "no kept library makes a directory with an access control list in safe code"
    )]

    use std::io;
    use std::path::{Path, PathBuf};

    use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
    use windows::Win32::Foundation::HLOCAL;
    use windows::Win32::Security::Authorization::{
        ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
    };
    use windows::Win32::Security::{PSECURITY_DESCRIPTOR, SECURITY_ATTRIBUTES};
    use windows::Win32::Storage::FileSystem::CreateDirectoryW;
    use windows::core::{HSTRING, Owned};

    use crate::windows_error::as_io_error;

    /// Full access (FA) for the user, the system (SY) and administrators (BA), also to what is made inside (OICI);
    /// nothing is inherited from above (P).
    pub(super) fn user_only() -> io::Result<String> {
        let user = user()?;
        let entries = [user.as_str(), "SY", "BA"].map(|who| format!("(A;OICI;FA;;;{who})"));
        Ok(format!("D:P{}", entries.concat()))
    }

    /// The security identifier of the user that this process runs as, such as `S-1-5-21-…`.
    pub(super) fn user() -> io::Result<String> {
        let mut system = System::new().map_err(io::Error::other)?;
        let pid = sysinfo::get_current_pid().map_err(io::Error::other)?;
        let what = ProcessRefreshKind::nothing().with_user(UpdateKind::Always);
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, what);
        let user = system.process(pid).and_then(|process| process.user_id());
        let unknown = || io::Error::other("Windows does not say which user this is");
        Ok(user.ok_or_else(unknown)?.to_string())
    }

    /// Makes a directory with this access from the start, in a directory that is there.
    pub(super) fn create(path: &Path, access: &str) -> io::Result<()> {
        let descriptor = parse(access)?;
        let attributes = SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: descriptor.0,
            bInheritHandle: false.into(),
        };
        let path = HSTRING::from(kernel_form(path)?.as_os_str());
        // SAFETY: the path ends with a zero; it, the attributes and the descriptor in them outlive the call.
        unsafe { CreateDirectoryW(&path, Some(&raw const attributes)) }.map_err(as_io_error)
    }

    /// The security descriptor with this access.
    fn parse(access: &str) -> io::Result<Owned<HLOCAL>> {
        let mut descriptor = PSECURITY_DESCRIPTOR::default();
        // SAFETY: the text ends with a zero, and `descriptor` outlives the call, which only writes to it.
        unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                &HSTRING::from(access),
                SDDL_REVISION_1,
                &raw mut descriptor,
                None,
            )
        }
        .map_err(as_io_error)?;
        // SAFETY: Windows allocated the descriptor with `LocalAlloc`, and nobody else frees it.
        Ok(unsafe { Owned::new(HLOCAL(descriptor.0)) })
    }

    /// The form of a path that may be longer than 247 characters: `\\?\C:\x`, `\\?\UNC\server\share`.
    fn kernel_form(path: &Path) -> io::Result<PathBuf> {
        let path = std::path::absolute(path)?;
        let Some(text) = path.to_str().filter(|text| !text.starts_with(r"\\?\")) else {
            return Ok(path);
        };
        Ok(match text.strip_prefix(r"\\") {
            Some(share) => format!(r"\\?\UNC\{share}").into(),
            None => format!(r"\\?\{text}").into(),
        })
    }

    #[cfg(test)]
    mod tests {
        use std::collections::BTreeSet;

        use windows::Win32::Security::Authorization::{
            ConvertSecurityDescriptorToStringSecurityDescriptorW, GetNamedSecurityInfoW,
            SE_FILE_OBJECT,
        };
        use windows::Win32::Security::DACL_SECURITY_INFORMATION;
        use windows::core::PWSTR;

        use super::*;

        /// Whom an access control list names, as Windows writes it.
        fn named(descriptor: &HLOCAL) -> BTreeSet<String> {
            let mut text = PWSTR::null();
            let from = PSECURITY_DESCRIPTOR(descriptor.0);
            let what = DACL_SECURITY_INFORMATION;
            // SAFETY: both outlive the call, which allocates the text with `LocalAlloc`.
            let text = unsafe {
                ConvertSecurityDescriptorToStringSecurityDescriptorW(
                    from,
                    SDDL_REVISION_1,
                    what,
                    &raw mut text,
                    None,
                )
                .unwrap();
                let _freed_at_the_end = Owned::new(HLOCAL(text.0.cast()));
                text.to_string().unwrap()
            };
            let entries = text.split(['(', ')']).filter(|part| part.contains(';'));
            let names = entries.filter_map(|entry| entry.rsplit(';').next());
            names.map(str::to_owned).collect()
        }

        /// Whom the list of a directory names.
        fn named_by(path: &Path) -> BTreeSet<String> {
            let mut descriptor = PSECURITY_DESCRIPTOR::default();
            // SAFETY: all outlive the call, which allocates the descriptor with `LocalAlloc`.
            let descriptor = unsafe {
                GetNamedSecurityInfoW(
                    &HSTRING::from(path),
                    SE_FILE_OBJECT,
                    DACL_SECURITY_INFORMATION,
                    None,
                    None,
                    None,
                    None,
                    &raw mut descriptor,
                )
                .ok()
                .unwrap();
                Owned::new(HLOCAL(descriptor.0))
            };
            named(&descriptor)
        }

        #[test]
        fn only_the_user_the_system_and_administrators_are_named() {
            let dir = tempfile::tempdir().unwrap();
            let outer = dir.path().join("shared");
            create(&outer, "D:P(A;OICI;FA;;;WD)").unwrap();
            let everyone = "WD";
            assert!(named_by(&outer).contains(everyone));
            let nested = outer.join("a").join("b");
            super::super::create(&nested).unwrap();
            super::super::create(&nested).unwrap();
            let expected = named(&parse(&user_only().unwrap()).unwrap());
            assert_eq!(expected.len(), 3, "{expected:?}");
            for path in [nested.parent().unwrap(), &nested] {
                let found = named_by(path);
                assert!(found.is_subset(&expected), "{found:?} in {expected:?}");
            }
        }

        #[test]
        fn a_path_may_be_long() {
            let dir = tempfile::tempdir().unwrap();
            let long = dir.path().join("a".repeat(200)).join("b".repeat(200));
            super::super::create(&long).unwrap();
            assert!(long.is_dir());
        }

        #[test]
        fn an_error_has_its_kind() {
            let dir = tempfile::tempdir().unwrap();
            let made = create(dir.path(), &user_only().unwrap());
            assert_eq!(made.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            let made = super::super::create(&dir.path().join("a|b"));
            assert!(made.is_err());
        }
    }
}
