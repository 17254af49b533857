//! Archives that depend on nothing but their content and one time.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::commands::Done;

/// A file of an archive.
#[derive(Debug)]
pub(super) struct Entry {
    /// With forward slashes.
    pub(super) path: String,
    pub(super) content: Vec<u8>,
    pub(super) is_program: bool,
}

impl Entry {
    pub(super) fn file(path: String, content: Vec<u8>) -> Self {
        Self {
            path,
            content,
            is_program: false,
        }
    }

    pub(super) fn program(path: String, content: Vec<u8>) -> Self {
        Self {
            path,
            content,
            is_program: true,
        }
    }

    fn mode(&self) -> u32 {
        if self.is_program { 0o755 } else { 0o644 }
    }
}

/// How hard to try to make it small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pack {
    /// For a release.
    Small,
    /// For a debug build, which is large.
    Fast,
}

impl Pack {
    fn level(self) -> u32 {
        match self {
            Self::Small => 9,
            Self::Fast => 1,
        }
    }
}

/// Writes a `.zip` or `.tar.gz` whose files are all of `time`.
pub(super) fn write(file: &Path, mut entries: Vec<Entry>, time: u64, pack: Pack) -> Done {
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let content = match file.extension().is_some_and(|kind| kind == "zip") {
        true => zip(&entries, pack)?,
        false => tar_gz(&entries, time, pack)?,
    };
    Ok(fs::write(file, content)?)
}

fn tar_gz(entries: &[Entry], time: u64, pack: Pack) -> Done<Vec<u8>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::new(pack.level())));
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(entry.content.len() as u64);
        header.set_mode(entry.mode());
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, &entry.path, &*entry.content)?;
    }
    Ok(tar.into_inner()?.finish()?)
}

/// Times in a `.zip` have no zone; all are the first that it knows.
fn zip(entries: &[Entry], pack: Pack) -> Done<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let options = zip::write::SimpleFileOptions::default()
            .last_modified_time(zip::DateTime::default())
            .compression_level(Some(pack.level().into()))
            .unix_permissions(entry.mode());
        zip.start_file(&*entry.path, options)?;
        zip.write_all(&entry.content)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The files of an archive.
pub(super) fn read(file: &Path) -> Done<Vec<Entry>> {
    let content = fs::read(file)?;
    let mut entries = Vec::new();
    if file.extension().is_some_and(|kind| kind == "zip") {
        let mut zip = zip::ZipArchive::new(Cursor::new(content))?;
        for index in 0..zip.len() {
            let mut found = zip.by_index(index)?;
            let mut content = Vec::new();
            found.read_to_end(&mut content)?;
            let is_program = found.unix_mode().is_some_and(|mode| mode & 0o100 != 0);
            entries.push(Entry {
                path: found.name()?.into_owned(),
                content,
                is_program,
            });
        }
        return Ok(entries);
    }
    for found in tar::Archive::new(GzDecoder::new(&*content)).entries()? {
        let mut found = found?;
        let mut content = Vec::new();
        found.read_to_end(&mut content)?;
        let path = found.path()?.to_string_lossy().into_owned();
        let is_program = found.header().mode()? & 0o100 != 0;
        entries.push(Entry {
            path,
            content,
            is_program,
        });
    }
    Ok(entries)
}

/// Writes SHA256SUMS, which names every file of a directory.
pub(super) fn write_sums(dir: &Path) -> Done {
    let mut names: Vec<_> = fs::read_dir(dir)?.collect::<Result<_, _>>()?;
    names.retain(|entry| entry.path().is_file() && entry.file_name() != "SHA256SUMS");
    names.sort_by_key(fs::DirEntry::file_name);
    let mut sums = String::new();
    for entry in names {
        let digest = digest(&fs::read(entry.path())?);
        sums += &format!("{digest}  {}\n", entry.file_name().to_string_lossy());
    }
    Ok(fs::write(dir.join("SHA256SUMS"), sums)?)
}

/// The SHA-256 of something, in hexadecimal digits.
pub(super) fn digest(content: &[u8]) -> String {
    let digits = Sha256::digest(content);
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_time_of_the_files_on_disk_do_not_matter() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["x.tar.gz", "x.zip"] {
            let make = |entries: Vec<Entry>| {
                let file = dir.path().join(name);
                write(&file, entries, 1_700_000_000, Pack::Small).unwrap();
                (fs::read(&file).unwrap(), read(&file).unwrap())
            };
            let a = || Entry::program("d/a".into(), b"#!".to_vec());
            let b = || Entry::file("d/b".into(), vec![b'b'; 5_000]);
            let (first, entries) = make(vec![a(), b()]);
            assert_eq!(first, make(vec![b(), a()]).0, "{name}");
            let read: Vec<_> = entries
                .iter()
                .map(|it| (&*it.path, it.is_program, it.content.len()))
                .collect();
            assert_eq!(read, [("d/a", true, 2), ("d/b", false, 5_000)], "{name}");
            let other = vec![a(), Entry::file("d/b".into(), vec![b'c'; 5_000])];
            assert_ne!(first, make(other).0, "{name}");
        }
    }

    #[test]
    fn sums_are_those_of_sha256sum() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("b"), "").unwrap();
        fs::write(dir.path().join("a"), "abc").unwrap();
        write_sums(dir.path()).unwrap();
        write_sums(dir.path()).unwrap();
        assert_eq!(
            fs::read_to_string(dir.path().join("SHA256SUMS")).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n"
        );
    }
}
