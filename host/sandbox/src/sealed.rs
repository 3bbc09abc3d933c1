//! Bytes that were verified and must stay what they are.
//!
//! A file can be mapped and run where it lies, but who may write to it changes it after it was verified. A file in memory
//! that is sealed can be mapped just so, and nobody can change it: the kernel refuses (`memfd_create(2)`, `fcntl(2)`,
//! "File Sealing"). Only Linux has them; elsewhere, the process's own memory does.

#[cfg(target_os = "linux")]
use memfd::{FileSeal, Memfd, MemfdOptions};
use std::fs::File;
use std::io::Read;
#[cfg(target_os = "linux")]
use std::io::{Seek, Write};

/// Bytes that nobody can change any more.
#[derive(Debug)]
pub(crate) enum Sealed {
    /// A sealed file in memory: what it holds is mapped where it is needed.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has such files"))]
    File(File),
    /// The process's own memory, where the system has no such files.
    Memory(Vec<u8>),
}

/// Bytes on their way to where they stay.
pub(crate) enum Unsealed {
    #[cfg(target_os = "linux")]
    File(Memfd),
    Memory(Vec<u8>),
}

impl Unsealed {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        #[cfg(target_os = "linux")]
        if let Ok(file) = MemfdOptions::new().allow_sealing(true).create("reeve-plugin") {
            return Self::File(file);
        }
        Self::Memory(Vec::new())
    }

    /// Adds bytes; `None` when there is no room for them.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Option<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::File(file) => file.as_file().write_all(bytes).ok()?,
            Self::Memory(memory) => memory.extend_from_slice(bytes),
        }
        Some(())
    }

    /// Ends the writing for good; `None` when the system does not allow that.
    pub(crate) fn seal(self) -> Option<Sealed> {
        Some(match self {
            #[cfg(target_os = "linux")]
            Self::File(file) => {
                let seals = [FileSeal::SealGrow, FileSeal::SealShrink, FileSeal::SealWrite, FileSeal::SealSeal];
                file.add_seals(&seals).ok()?;
                let mut file = file.into_file();
                file.rewind().ok()?;
                Sealed::File(file)
            }
            Self::Memory(memory) => Sealed::Memory(memory),
        })
    }
}

impl Sealed {
    /// The bytes, in the process's own memory.
    pub(crate) fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Memory(bytes) => Some(bytes),
            Self::File(mut file) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).ok()?;
                Some(bytes)
            }
        }
    }
}
