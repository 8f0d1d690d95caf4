//! What an ELF header says of a shared library, so that a wrong architecture is told before the loader is asked.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::ProbeError;

/// Names after the System V ABI's `e_machine` registry.
const MACHINES: [(u16, &str); 6] =
    [(3, "x86"), (40, "arm"), (62, "x86_64"), (183, "aarch64"), (243, "riscv64"), (258, "loongarch64")];

/// `e_type` of a shared object.
const ET_DYN: u16 = 3;

/// Refuses what is not a shared object for the processor this program was built for.
pub(super) fn check(path: &Path) -> Result<(), ProbeError> {
    let mut header = [0_u8; 20];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    if let Err(source) = read
        && source.kind() != std::io::ErrorKind::UnexpectedEof
    {
        return Err(ProbeError::Unreadable { path: path.into(), source });
    }
    if !header.starts_with(b"\x7fELF") {
        return Err(ProbeError::NotALibrary { path: path.into() });
    }
    let little = header[5] == 1;
    let word = |at: usize| {
        let bytes = [header[at], header[at + 1]];
        if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    };
    if word(16) != ET_DYN {
        return Err(ProbeError::NotALibrary { path: path.into() });
    }
    let expected = std::env::consts::ARCH;
    let machine = word(18);
    let bits = if header[4] == 2 { 64 } else { 32 };
    let actual = MACHINES
        .iter()
        .find(|(number, _)| *number == machine)
        .map_or_else(|| format!("machine {machine}"), |(_, name)| (*name).to_string());
    let same = actual == expected && bits == usize::BITS && little == cfg!(target_endian = "little");
    if same {
        return Ok(());
    }
    let actual = format!("{actual}, {bits} bit, {} endian", if little { "little" } else { "big" });
    Err(ProbeError::WrongArchitecture { path: path.into(), expected, actual })
}
