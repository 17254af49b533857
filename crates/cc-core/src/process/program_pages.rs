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
        let here = release_program_pages as *const () as usize;
        for mapping in of_this_program(&mappings(&smaps), here) {
            let start = with_exposed_provenance_mut::<c_void>(mapping.start);
            // SAFETY: the mapping is a part of a file, cannot be written, and has no page that differs from the file,
            // as a system says that counts pages; nobody but the loader, which is done, changes one of the program.
            // So each page that is read later is as it was.
            // What cannot be released stays.
            let _ = unsafe { madvise(start, mapping.end - mapping.start, Advice::LinuxDontNeed) };
        }
    }

    struct Mapping<'a> {
        start: usize,
        end: usize,
        file: &'a str,
        is_writable: bool,
        /// Pages in memory, pages that are not those of the file, and such pages that are swapped out, in KiB; as far as
        /// the system says.
        resident: Option<u64>,
        changed: Option<u64>,
        swapped: Option<u64>,
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
                resident: None,
                changed: None,
                swapped: None,
            })
        }

        /// Takes in one of the lines that follow: `Name:  number kB`.
        fn take_in(&mut self, line: &str) {
            let Some((name, size)) = line.split_once(':') else {
                return;
            };
            let place = match name {
                "Rss" => &mut self.resident,
                "Anonymous" => &mut self.changed,
                "Swap" => &mut self.swapped,
                _ => return,
            };
            let size = size.trim().strip_suffix(" kB");
            *place = size.and_then(|size| size.parse().ok());
        }

        fn is_as_in_the_file(&self) -> bool {
            !self.is_writable && self.changed == Some(0) && self.swapped == Some(0)
        }
    }

    fn mappings(smaps: &str) -> Vec<Mapping<'_>> {
        let mut mappings: Vec<Mapping<'_>> = Vec::new();
        for line in smaps.lines() {
            match (Mapping::read(line), mappings.last_mut()) {
                (Some(mapping), _) => mappings.push(mapping),
                (None, Some(last)) => last.take_in(line),
                (None, None) => {}
            }
        }
        mappings
    }

    /// The parts of the file that the code at `here` is in, as far as they are as in the file.
    ///
    /// There are none on a system that does not count: where this very code is not in memory, as QEMU says of each
    /// page, other zeros mean nothing either.
    fn of_this_program<'a>(
        mappings: &'a [Mapping<'a>],
        here: usize,
    ) -> impl Iterator<Item = &'a Mapping<'a>> {
        let program = mappings.iter().find(|mapping| {
            (mapping.start..mapping.end).contains(&here) && !mapping.file.is_empty()
        });
        let counts = program.is_some_and(|program| program.resident > Some(0));
        let file = program.filter(|_| counts).map(|program| program.file);
        mappings
            .iter()
            .filter(move |mapping| Some(mapping.file) == file && mapping.is_as_in_the_file())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const SMAPS: &str = "\
            5500-5600 r--p 00000000 fe:00 7                     /a program\n\
            Rss:                  16 kB\n\
            Anonymous:             0 kB\n\
            Swap:                  0 kB\n\
            VmFlags: rd mr mw me\n\
            5600-5700 rw-p 00001000 fe:00 7                     /a program\n\
            Anonymous:             0 kB\n\
            Swap:                  0 kB\n\
            5700-5800 r--p 00002000 fe:00 7                     /a program\n\
            Anonymous:             4 kB\n\
            Swap:                  0 kB\n\
            5800-5900 r--p 00003000 fe:00 7                     /a program\n\
            Anonymous:             0 kB\n\
            Swap:                  4 kB\n\
            5900-5a00 r--p 00004000 fe:00 7                     /a program\n\
            Pss:                   4 kB\n\
            5a00-5b00 r--p 00000000 fe:00 8                     /a library\n\
            Anonymous:             0 kB\n\
            Swap:                  0 kB\n\
            5b00-5c00 r-xp 00000000 00:00 0                     [vdso]\n\
            Rss:                   4 kB\n\
            Anonymous:             0 kB\n\
            Swap:                  0 kB\n";

        #[track_caller]
        fn check(smaps: &str, here: usize, released: &[usize]) {
            let all = mappings(smaps);
            let starts: Vec<_> = of_this_program(&all, here).map(|it| it.start).collect();
            assert_eq!(starts, released);
        }

        #[test]
        fn only_what_is_as_in_the_file_is_released() {
            check(SMAPS, 0x5510, &[0x5500]);
            check(SMAPS, 0x5b10, &[]);
            check(SMAPS, 0x6000, &[]);
            check("", 0x5510, &[]);
        }

        #[test]
        fn a_system_that_does_not_count_is_not_believed() {
            check(&SMAPS.replace("16 kB", "0 kB"), 0x5510, &[]);
            check(&SMAPS.replace("Rss", "Pss"), 0x5510, &[]);
        }

        /// The KiB of this program that are in memory, as far as they can be released.
        fn resident() -> u64 {
            let smaps = fs::read_to_string("/proc/self/smaps").unwrap();
            let here = release_program_pages as *const () as usize;
            of_this_program(&mappings(&smaps), here)
                .filter_map(|mapping| mapping.resident)
                .sum()
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
    /// Does nothing: only Linux says which pages differ from their file.
    pub fn release_program_pages() {}
}
