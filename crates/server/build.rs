//! Makes the dashboard's assets: the style sheets as one, the script modules as one, the icons. Each is named after what it holds,
//! so that browsers keep it for ever, and is compressed here, once, as well as it can be.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// In the order of the cascade's layers.
const STYLES: [&str; 6] = ["tokens", "base", "layout", "components", "data", "pages"];
const SCRIPTS: [&str; 9] = ["announce", "copy", "times", "theme", "dialogs", "confirm", "passkey", "keys", "once"];

struct Asset {
    /// What templates call it.
    name: &'static str,
    extension: &'static str,
    content_type: &'static str,
    bytes: Vec<u8>,
}

#[expect(clippy::disallowed_methods, reason = "Cargo tells build scripts where things are by environment variables")]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("assets");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", folder.display());
    println!("cargo:rerun-if-changed=build.rs");
    let assets = [
        Asset { name: "style", extension: "css", content_type: "text/css; charset=utf-8", bytes: styles(&folder)? },
        Asset { name: "script", extension: "js", content_type: "text/javascript; charset=utf-8", bytes: scripts(&folder)? },
        Asset {
            name: "icons",
            extension: "svg",
            content_type: "image/svg+xml",
            bytes: std::fs::read(folder.join("icons.svg"))?,
        },
        Asset {
            name: "favicon",
            extension: "svg",
            content_type: "image/svg+xml",
            bytes: std::fs::read(folder.join("favicon.svg"))?,
        },
    ];
    let mut code = String::from("/// What the build made of `assets/`.\npub(crate) static ASSETS: &[Asset] = &[\n");
    for asset in &assets {
        write_asset(asset, &out, &mut code)?;
    }
    code.push_str("];\n");
    std::fs::write(out.join("assets.rs"), code)?;
    configure_static_program()
}

/// Links `names.c` into the program where it is static and has glibc.
#[expect(clippy::disallowed_methods, reason = "Cargo tells build scripts about the target by environment variables")]
fn configure_static_program() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=names.c");
    let features = std::env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    if features.split(',').any(|feature| feature == "crt-static") && std::env::var("CARGO_CFG_TARGET_ENV")? == "gnu" {
        for object in cc::Build::new().file("names.c").try_compile_intermediates()? {
            println!("cargo:rustc-link-arg-bins={}", object.display());
        }
    }
    Ok(())
}

fn styles(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut all = String::new();
    for name in STYLES {
        all.push_str(&std::fs::read_to_string(folder.join("css").join(name).with_extension("css"))?);
    }
    Ok(all.into_bytes())
}

/// Each module in a block of its own, so that their names do not meet.
fn scripts(folder: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut all = String::new();
    for name in SCRIPTS {
        let text = std::fs::read_to_string(folder.join("js").join(name).with_extension("js"))?;
        write!(all, "{{\n{text}}}\n")?;
    }
    Ok(all.into_bytes())
}

fn write_asset(asset: &Asset, out: &Path, code: &mut String) -> Result<(), Box<dyn Error>> {
    let Asset { name, extension, content_type, bytes } = asset;
    let file = format!("{name}-{:08x}.{extension}", fingerprint(bytes) >> 32);
    let (gzip, brotli) = (gzip(bytes)?, brotli(bytes)?);
    for (suffix, bytes) in [("", bytes), (".gz", &gzip), (".br", &brotli)] {
        std::fs::write(out.join(format!("{name}.{extension}{suffix}")), bytes)?;
    }
    let plain = format!("concat!(env!(\"OUT_DIR\"), \"/{name}.{extension}");
    writeln!(
        code,
        "    Asset {{\n        name: {name:?},\n        path: \"/assets/{file}\",\n        content_type: {content_type:?},\n        \
         plain: include_bytes!({plain}\")),\n        gzip: include_bytes!({plain}.gz\")),\n        brotli: \
         include_bytes!({plain}.br\")),\n    }},",
    )?;
    Ok(())
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 18, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &parameters)?;
    Ok(compressed)
}

/// FNV-1a. Names need only differ when the program's own files do; nobody else chooses what is in them.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
