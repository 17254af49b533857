//! The one thing that a linker for Windows writes into a program that is not the same each time: when it ran.

use super::commands::Done;

/// Where the header of a program of DOS, at the beginning, tells where that of Windows is.
const HEADER_AT: usize = 0x3c;

/// Where the header has the time, behind its magic number, the machine and the number of sections.
const TIME_AT: usize = 8;

/// Puts another time into a program, in seconds since 1970.
pub(super) fn set_time(program: &mut [u8], time: u64) -> Done {
    let time = u32::try_from(time)?;
    let at = field(program, HEADER_AT).map(u32::from_le_bytes);
    let header = usize::try_from(at.ok_or("not a program of Windows")?)?;
    if field(program, header) != Some(*b"PE\0\0") {
        return Err("not a program of Windows".into());
    }
    let field = program.get_mut(header + TIME_AT..header + TIME_AT + 4);
    field
        .ok_or("a program of Windows without a header")?
        .copy_from_slice(&time.to_le_bytes());
    Ok(())
}

fn field(program: &[u8], at: usize) -> Option<[u8; 4]> {
    program.get(at..at.checked_add(4)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a program that was linked at `time`.
    fn program(time: u32) -> Vec<u8> {
        let mut program = vec![0; 0x98];
        program[HEADER_AT] = 0x78;
        program[0x78..0x7c].copy_from_slice(b"PE\0\0");
        program[0x7c..0x80].copy_from_slice(&[0x64, 0x86, 6, 0]);
        program[0x80..0x84].copy_from_slice(&time.to_le_bytes());
        program
    }

    #[test]
    fn only_the_time_of_a_program_changes() {
        let mut linked = program(1_795_883_900);
        set_time(&mut linked, 1_700_000_000).unwrap();
        assert_eq!(linked, program(1_700_000_000));
    }

    #[test]
    fn what_is_no_program_of_windows_stays_as_it_is() {
        let elf = [b"\x7fELF".as_slice(), &[0xff; 96]].concat();
        let cut = program(1)[..0x7e].to_vec();
        for other in [Vec::new(), elf, cut] {
            let mut content = other.clone();
            assert!(set_time(&mut content, 1).is_err());
            assert_eq!(content, other);
        }
    }
}
