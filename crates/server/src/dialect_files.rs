//! An operator's dialect files: finding and reading them. What they mean is decided by `mintmark_core::dialect`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mintmark_core::dialect::DialectSet;
use mintmark_core::document::{Diagnostic, Source};

/// A dialect file is at most this large.
const MAX_DIALECT_FILE: u64 = 256 * 1024;
/// A folder holds at most so many dialects.
const MAX_DIALECT_FILES: usize = 500;

/// Loads the built-in dialects and those of a folder, which need not exist.
pub fn load_dialects(folder: Option<&Path>) -> Result<DialectSet, Vec<Diagnostic>> {
    let sources = folder.map_or_else(|| Ok(Vec::new()), read_folder)?;
    DialectSet::load(&sources)
}

/// Reads the dialect files of a folder, in the order of their names.
pub fn read_folder(folder: &Path) -> Result<Vec<Arc<Source>>, Vec<Diagnostic>> {
    let problem =
        |path: &Path, message: String| vec![Diagnostic { file: path.display().to_string(), line: 1, column: 1, message }];
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(problem(folder, format!("the folder cannot be read: {error}"))),
    };
    let is_dialect = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_dialect).collect();
    paths.sort();
    if paths.len() > MAX_DIALECT_FILES {
        return Err(problem(folder, format!("expected at most {MAX_DIALECT_FILES} dialects")));
    }
    paths.iter().map(|path| read_dialect(path).map_err(|message| problem(path, message))).collect()
}

/// Reads one dialect file.
pub fn read_dialect(path: &Path) -> Result<Arc<Source>, String> {
    let size = std::fs::metadata(path).map_err(|error| format!("the file cannot be read: {error}"))?.len();
    if size > MAX_DIALECT_FILE {
        return Err(format!("expected at most {MAX_DIALECT_FILE} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("the file cannot be read: {error}"))?;
    Ok(Arc::new(Source { name: path.display().to_string(), text }))
}
