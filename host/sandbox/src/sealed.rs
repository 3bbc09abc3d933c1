//! Bytes that stay what they are, to be verified and then used.
//!
//! A file can be mapped and run where it lies, but who may write to it changes it after it was verified. A file in memory
//! that is sealed can be mapped just so, and nobody can change it: the kernel refuses (`memfd_create(2)`, `fcntl(2)`,
//! "File Sealing"). Only Linux has them; elsewhere, the process's own memory does.

use std::fs::File;
use std::io::{self, Read, Seek};

/// Bytes that are looked at at once: few enough to stay in the processor's cache.
pub(crate) const PIECE_BYTES: usize = 131_072;

/// Bytes that nobody can change any more.
#[derive(Debug)]
pub(crate) enum Sealed {
    /// A sealed file in memory: what it holds is mapped where it is needed.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has such files"))]
    File(File),
    /// The process's own memory, where the system has no such files.
    Memory(Vec<u8>),
}

impl Sealed {
    /// All that `from` has left.
    ///
    /// # Errors
    /// When it cannot be read, or there is no room for it.
    pub(crate) fn of(from: &mut impl Read) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Ok(memory) = memfd::MemfdOptions::new().allow_sealing(true).create("reeve-plugin") {
            use memfd::FileSeal;
            io::copy(from, &mut memory.as_file())?;
            let seals = [FileSeal::SealGrow, FileSeal::SealShrink, FileSeal::SealWrite, FileSeal::SealSeal];
            memory.add_seals(&seals).map_err(io::Error::other)?;
            return Ok(Self::File(memory.into_file()));
        }
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes)?;
        Ok(Self::Memory(bytes))
    }

    /// Shows all bytes, piece by piece.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn read_through(&mut self, mut see: impl FnMut(&[u8])) -> io::Result<()> {
        let file = match self {
            Self::Memory(bytes) => {
                see(bytes);
                return Ok(());
            }
            Self::File(file) => file,
        };
        file.rewind()?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(length) => see(piece.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The bytes, in the process's own memory.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn bytes(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Memory(bytes) => Ok(bytes),
            Self::File(mut file) => {
                let mut bytes = Vec::new();
                file.rewind()?;
                file.read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}
