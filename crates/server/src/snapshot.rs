//! The files of the snapshot that a node starts from while the database is away; what is in them, and when they are worth
//! something, `mintmark_core::directory` knows.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mintmark_core::directory::{Directory, SnapshotBase, SnapshotHead};
use mintmark_core::random::Random;
use mintmark_core::store::Store;

const HEAD: &str = "head.sealed";
const MARK: &str = "mark.sealed";
const BASE: &str = "base-";
/// A part of a base is some hundred kilobytes; a length beyond this is no part's.
const PART_MAX: u32 = 64 * 1024 * 1024;
/// Head and mark are much smaller.
const TEXT_MAX: u64 = 256 * 1024 * 1024;

/// The folder of one node's snapshot. No two nodes may share one.
#[derive(Debug)]
pub struct SnapshotFolder {
    path: PathBuf,
    /// This machine's run since it was started, for the age of what is read.
    boot: String,
    /// The base that the next head belongs to.
    base: Mutex<Option<SnapshotBase>>,
}

/// What names this start of the machine.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

impl SnapshotFolder {
    /// The folder, which need not exist. The error says why this machine can have none.
    pub fn new(path: PathBuf) -> io::Result<Self> {
        let boot = fs::read_to_string(BOOT_ID).map_err(|error| io::Error::new(error.kind(), format!("{BOOT_ID}: {error}")))?;
        Ok(Self { path, boot: boot.trim().to_owned(), base: Mutex::new(None) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// This machine's run since it was started.
    pub fn boot(&self) -> &str {
        &self.boot
    }

    /// The head and mark, if there are any.
    pub fn read_head(&self) -> Option<SnapshotHead> {
        Some(SnapshotHead { head: self.read_text(HEAD)?, mark: self.read_text(MARK)? })
    }

    fn read_text(&self, name: &str) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        File::open(self.path.join(name)).ok()?.take(TEXT_MAX).read_to_end(&mut text).ok()?;
        Some(text)
    }

    /// Reads the parts of a base, one after another.
    pub fn read_base(&self) -> impl FnMut(&SnapshotBase, u32) -> Option<Vec<u8>> + use<> {
        let folder = self.path.clone();
        let mut file = None;
        move |base, _| {
            let file = match &mut file {
                Some(file) => file,
                none => none.insert(io::BufReader::new(File::open(folder.join(base_name(base))).ok()?)),
            };
            read_part(file)
        }
    }

    /// Writes a base anew. It reads all that the directory holds: not for a thread that serves requests.
    pub fn write_base<S: Store>(&self, directory: &Directory<S>, random: &dyn Random) -> io::Result<SnapshotBase> {
        // The directory counts changes from here on for the new base: if that fails, the old one has no head any more that
        // would say what changed since it.
        self.set_base(None);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        let temporary = self.path.join("base.new");
        let mut file = io::BufWriter::new(create(&temporary)?);
        let base = directory.write_base(random, |part| {
            let length = u32::try_from(part.len()).map_err(io::Error::other)?;
            file.write_all(&length.to_be_bytes())?;
            file.write_all(part)
        })?;
        file.into_inner()?;
        fs::rename(temporary, self.path.join(base_name(&base)))?;
        self.set_base(Some(base.clone()));
        Ok(base)
    }

    /// Whether there is a base that a head can be written for.
    pub fn has_base(&self) -> bool {
        self.base.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn set_base(&self, base: Option<SnapshotBase>) {
        *self.base.lock().unwrap_or_else(PoisonError::into_inner) = base;
    }

    /// Writes the head of the last base anew, if there is one. What is written here is worth nothing after the machine has lost its
    /// power, so nothing waits for the disk.
    pub async fn write_head<S: Store>(&self, directory: &Directory<S>, random: &dyn Random) -> io::Result<bool> {
        let Some(base) = self.base.lock().unwrap_or_else(PoisonError::into_inner).clone() else { return Ok(false) };
        let Some(snapshot) = directory.snapshot_head(&base, &self.boot, random).await else { return Ok(false) };
        self.replace(HEAD, &snapshot.head)?;
        self.replace(MARK, &snapshot.mark)?;
        self.remove_other_bases(&base)?;
        Ok(true)
    }

    fn replace(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let temporary = self.path.join(format!("{name}.new"));
        create(&temporary)?.write_all(text)?;
        fs::rename(temporary, self.path.join(name))
    }

    /// Those that no head belongs to any more.
    fn remove_other_bases(&self, base: &SnapshotBase) -> io::Result<()> {
        let current = base_name(base);
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with(BASE) && name != current) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

fn base_name(base: &SnapshotBase) -> String {
    format!("{BASE}{}.sealed", base.id)
}

/// A new file that only its owner can read.
fn create(path: &Path) -> io::Result<File> {
    let _ = fs::remove_file(path);
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn read_part(file: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    file.read_exact(&mut length).ok()?;
    let length = u32::from_be_bytes(length);
    if length > PART_MAX {
        return None;
    }
    let mut part = Vec::new();
    file.take(length.into()).read_to_end(&mut part).ok()?;
    (part.len() == length as usize).then_some(part)
}
