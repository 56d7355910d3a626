//! Embeds every file of `dialects/`, so that a built-in dialect is a file and nothing else.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The one that comes first wherever dialects are listed; the others follow by name.
const FIRST: &str = "standard.toml";

#[expect(clippy::disallowed_methods, reason = "Cargo tells build scripts where things are by environment variables")]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("dialects");
    let out = PathBuf::from(std::env::var("OUT_DIR")?).join("built_in.rs");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut names: Vec<String> = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        names.push(entry?.file_name().into_string().map_err(|_| "a dialect file's name is not UTF-8")?);
    }
    names.sort_by_key(|name| (name != FIRST, name.clone()));
    let mut code = String::from(
        "/// The dialect files that are part of the program: name and text.\npub const BUILT_IN: &[(&str, &str)] = &[\n",
    );
    for name in names.iter().filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "toml")) {
        let path = folder.join(name);
        let path = path.to_str().ok_or("the folder's path is not UTF-8")?;
        writeln!(code, "    ({name:?}, include_str!({path:?})),")?;
    }
    code.push_str("];\n");
    std::fs::write(out, code)?;
    Ok(())
}
