//! A report that grows line by line. Each line is in the file once it is written, also where this program is killed afterwards.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use mintmark_bench::failure::{Context, Done};

/// The file that is written.
#[derive(Debug)]
pub(crate) struct Lines(Mutex<File>);

impl Lines {
    /// A new file, in the place of one that is there.
    pub(crate) fn create(path: &Path) -> Done<Self> {
        Ok(Self(Mutex::new(File::create(path).context(|| path.display().to_string())?)))
    }

    /// A file that is gone on with.
    pub(crate) fn append(path: &Path) -> Done<Self> {
        let file = File::options().create(true).append(true).open(path).context(|| path.display().to_string())?;
        Ok(Self(Mutex::new(file)))
    }

    /// Adds a line.
    pub(crate) fn add(&self, line: &str) -> Done<()> {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(file.write_all(format!("{line}\n").as_bytes())?)
    }
}

/// A text as one word of a line.
pub(crate) fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
