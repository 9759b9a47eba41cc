//! Whether a file can be all there is in an image: a static Linux executable, and for which processor.

use oci_spec::image::Arch;

const MAGIC: &[u8] = b"\x7fELF";
const CLASS_64: u8 = 2;
const LITTLE_ENDIAN: u8 = 1;
/// The program header that names the dynamic linker.
const INTERPRETER: u32 = 3;

/// What an executable's head tells.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Executable {
    pub(super) architecture: Arch,
}

impl Executable {
    /// Reads the head of a file; the error says why it cannot stand alone in an image.
    ///
    /// # Source
    /// The ELF-64 object file format, file header and program headers.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        if !bytes.starts_with(MAGIC) {
            return Err("it is no Linux executable");
        }
        if bytes.get(4) != Some(&CLASS_64) || bytes.get(5) != Some(&LITTLE_ENDIAN) {
            return Err("it is not for a 64-bit little-endian processor");
        }
        let cut_off = "it is cut off";
        let architecture = match u16_at(bytes, 18).ok_or(cut_off)? {
            62 => Arch::Amd64,
            183 => Arch::ARM64,
            21 => Arch::PowerPC64le,
            243 => Arch::RISCV64,
            _ => return Err("it is for a processor that is not known here"),
        };
        let start = bytes.get(32..40).and_then(|field| field.try_into().ok()).map(u64::from_le_bytes).ok_or(cut_off)?;
        let start = usize::try_from(start).map_err(|_| cut_off)?;
        let (size, count) = (u16_at(bytes, 54).ok_or(cut_off)?, u16_at(bytes, 56).ok_or(cut_off)?);
        for index in 0..usize::from(count) {
            let at = start.checked_add(index * usize::from(size)).ok_or(cut_off)?;
            if u32_at(bytes, at).ok_or(cut_off)? == INTERPRETER {
                return Err("it is linked dynamically, and an image of it alone has no libraries; link it statically");
            }
        }
        Ok(Self { architecture })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use rstest::rstest;

    use super::*;

    /// The least executable: a head and one program header.
    pub(in crate::archive) fn mk_elf(machine: u16, is_dynamic: bool) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..4].copy_from_slice(MAGIC);
        (bytes[4], bytes[5]) = (CLASS_64, LITTLE_ENDIAN);
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&1_u16.to_le_bytes());
        let kind: u32 = if is_dynamic { INTERPRETER } else { 1 };
        bytes[64..68].copy_from_slice(&kind.to_le_bytes());
        bytes
    }

    #[rstest]
    #[case::amd64(62, Arch::Amd64)]
    #[case::arm64(183, Arch::ARM64)]
    fn reads_the_processor(#[case] machine: u16, #[case] architecture: Arch) {
        assert_eq!(Executable::read(&mk_elf(machine, false)), Ok(Executable { architecture }));
    }

    #[test]
    fn rejects_what_cannot_stand_alone() {
        assert!(Executable::read(&mk_elf(62, true)).is_err());
        assert!(Executable::read(&mk_elf(3, false)).is_err());
        assert!(Executable::read(b"#!/bin/sh\n").is_err());
    }

    #[test]
    fn rejects_any_file_that_is_cut_off() {
        let whole = mk_elf(62, false);
        for length in 0..68 {
            assert!(Executable::read(&whole[..length]).is_err(), "{length} bytes");
        }
    }

    #[cfg(all(target_os = "linux", target_feature = "crt-static"))]
    #[test]
    fn accepts_this_program() {
        let program = std::env::current_exe().expect("this program");
        assert!(Executable::read(&std::fs::read(program).expect("it is there")).is_ok());
    }
}
