//! The pages of this program that its process has in memory.

#[cfg(target_os = "linux")]
pub use linux::release_program_pages;
#[cfg(not(target_os = "linux"))]
pub use other::release_program_pages;

#[cfg(target_os = "linux")]
mod linux {
    #![expect(
        unsafe_code,
        reason = "`madvise` is unsafe: most kinds of memory lose what is in them"
    )]

    use std::ffi::c_void;
    use std::fs;
    use std::ptr::with_exposed_provenance_mut;

    use rustix::mm::{Advice, madvise};

    /// Takes the code and the constants of this program out of the memory of this process. What is used again comes
    /// back, page by page, from the memory that the system has of the file.
    ///
    /// For a process that waits: most of a program runs once, when it starts.
    pub fn release_program_pages() {
        let Ok(smaps) = fs::read_to_string("/proc/self/smaps") else {
            return;
        };
        for mapping in of_this_program(&mappings(&smaps)) {
            let start = with_exposed_provenance_mut::<c_void>(mapping.start);
            // SAFETY: the mapping is a part of a file, cannot be written, and has no page that differs from the file;
            // nobody but the loader, which is done, changes one of the program. So each page that is read later is
            // as it was.
            // What cannot be released stays.
            let _ = unsafe { madvise(start, mapping.end - mapping.start, Advice::LinuxDontNeed) };
        }
    }

    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Mapping<'a> {
        start: usize,
        end: usize,
        file: &'a str,
        is_writable: bool,
        /// Whether some of its pages are not those of the file.
        is_changed: bool,
    }

    impl<'a> Mapping<'a> {
        /// Reads the first line of an entry: `start-end permissions offset device inode path`.
        fn read(line: &'a str) -> Option<Self> {
            let (range, rest) = line.split_once(' ')?;
            let (start, end) = range.split_once('-')?;
            let address = |digits| usize::from_str_radix(digits, 16).ok();
            Some(Self {
                start: address(start)?,
                end: address(end)?,
                file: rest.find('/').map_or("", |at| &rest[at..]),
                is_writable: rest.as_bytes().get(1) != Some(&b'-'),
                is_changed: false,
            })
        }
    }

    fn mappings(smaps: &str) -> Vec<Mapping<'_>> {
        let mut mappings: Vec<Mapping<'_>> = Vec::new();
        for line in smaps.lines() {
            if let Some(mapping) = Mapping::read(line) {
                mappings.push(mapping);
            } else if let Some(last) = mappings.last_mut()
                && let Some(("Anonymous" | "Swap", size)) = line.split_once(':')
            {
                last.is_changed |= size.trim() != "0 kB";
            }
        }
        mappings
    }

    /// The parts of the file that this code is in, as far as they are as in the file.
    fn of_this_program<'a>(mappings: &'a [Mapping<'a>]) -> impl Iterator<Item = &'a Mapping<'a>> {
        let here = release_program_pages as *const () as usize;
        let program = mappings
            .iter()
            .find(|mapping| (mapping.start..mapping.end).contains(&here));
        let file = program.map_or("", |program| program.file);
        mappings.iter().filter(move |mapping| {
            !file.is_empty() && mapping.file == file && !mapping.is_writable && !mapping.is_changed
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn only_what_is_as_in_the_file_is_released() {
            let smaps = "\
                5500-5600 r--p 00000000 fe:00 7                     /a program\n\
                Rss:                  16 kB\n\
                Anonymous:             0 kB\n\
                Swap:                  0 kB\n\
                VmFlags: rd mr mw me\n\
                5600-5700 rw-p 00001000 fe:00 7                     /a program\n\
                Anonymous:             0 kB\n\
                5700-5800 r--p 00002000 fe:00 7                     /a program\n\
                Anonymous:             4 kB\n\
                5800-5900 r--p 00003000 fe:00 7                     /a program\n\
                Anonymous:             0 kB\n\
                Swap:                  4 kB\n\
                5900-5a00 r-xp 00000000 00:00 0                     [vdso]\n";
            let read: Vec<_> = mappings(smaps)
                .iter()
                .map(|it| {
                    (
                        it.start,
                        it.end,
                        it.file.to_owned(),
                        it.is_writable,
                        it.is_changed,
                    )
                })
                .collect();
            let program = || "/a program".to_owned();
            assert_eq!(
                read,
                [
                    (0x5500, 0x5600, program(), false, false),
                    (0x5600, 0x5700, program(), true, false),
                    (0x5700, 0x5800, program(), false, true),
                    (0x5800, 0x5900, program(), false, true),
                    (0x5900, 0x5a00, String::new(), false, false),
                ]
            );
        }

        /// The KiB of this program that are in memory, as far as they can be released.
        fn resident() -> u64 {
            let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
            let all = mappings(&smaps);
            let starts: Vec<_> = of_this_program(&all).map(|mapping| mapping.start).collect();
            assert!(!starts.is_empty());
            let mut inside = false;
            let mut sum = 0;
            for line in smaps.lines() {
                if let Some(mapping) = Mapping::read(line) {
                    inside = starts.contains(&mapping.start);
                }
                if let Some(size) = line.strip_prefix("Rss:").filter(|_| inside) {
                    sum += size.trim().trim_end_matches(" kB").parse::<u64>().unwrap();
                }
            }
            sum
        }

        #[test]
        fn the_program_goes_on_with_less_of_it_in_memory() {
            let before = resident();
            release_program_pages();
            let after = resident();
            assert!(after < before, "{before} KiB, then {after} KiB");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    /// Other systems count the pages of a program once, for all processes together.
    pub fn release_program_pages() {}
}
