//! `mintmark dialect from-openapi`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use mintmark_core::dialect::{Dialect, DialectSet};
use mintmark_core::document::Source;
use mintmark_core::model::DialectName;
use serde_json::json;

use super::super::output::Output;
use super::super::{Done, Failure};
use crate::dialect_example::example_of;
use crate::drafting::{Draft, MAX_DOCUMENT, OperationName, Tree, draft_from_openapi};

#[derive(Args, Debug)]
pub(in crate::cli) struct FromOpenapiArgs {
    /// The document: OpenAPI 3.0 or 3.1, YAML or JSON. What it refers to in other files is not read.
    file: PathBuf,
    /// The operation, where several give tokens, such as 'POST /oauth/token'.
    #[arg(long, value_name = "METHOD /PATH")]
    operation: Option<OperationName>,
    /// The dialect's name [default: from the document's title].
    #[arg(long)]
    name: Option<DialectName>,
    /// Write the file here instead of to standard output. A file that is there is not replaced.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(in crate::cli) fn run(args: &FromOpenapiArgs) -> Done {
    let name = args.name.as_ref().map(DialectName::as_str);
    present(&draft_of(&args.file, name, args.operation.as_ref())?, args.output.as_deref())
}

/// Drafts from a document's file.
pub(in crate::cli) fn draft_of(path: &Path, name: Option<&str>, operation: Option<&OperationName>) -> Result<Draft, Failure> {
    let named = |message: String| Failure(format!("{}: {message}", path.display()));
    let tree = Tree::parse(&read_document(path).map_err(named)?).map_err(named)?;
    let file = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    draft_from_openapi(&tree, &file, name, operation).map_err(named)
}

fn read_document(file: &Path) -> Result<String, String> {
    let size = std::fs::metadata(file).map_err(|error| format!("the file cannot be read: {error}"))?.len();
    if size > MAX_DOCUMENT {
        return Err(format!("expected at most {MAX_DOCUMENT} bytes, found {size}"));
    }
    std::fs::read_to_string(file).map_err(|error| format!("the file cannot be read: {error}"))
}

/// Loads the draft, as a server would, and writes it or prints it.
pub(in crate::cli) fn present(draft: &Draft, output: Option<&Path>) -> Done {
    let toml = draft.to_toml();
    let dialect = load(&toml)?;
    let open = toml.lines().filter(|line| line.contains("not told:")).count();
    let example = example_of(&dialect);
    let json = json!({
        "name": dialect.name, "method": dialect.route.method.as_str(), "path": dialect.route.path, "file": output,
        "not_told": open, "notes": draft.remarks, "source": toml, "request": example.request, "answer": example.answer,
    });
    let Some(path) = output else { return Ok(Output::text(toml.trim_end(), json)) };
    write_new(path, &toml)?;
    let text = format!(
        "{} written: the dialect {}, {} {}; {open} lines are not told, read them\n\n{}\n\n{}",
        path.display(),
        dialect.name,
        dialect.route.method,
        dialect.route.path,
        example.request,
        example.answer
    );
    Ok(Output::text(text, json))
}

fn load(toml: &str) -> Result<Arc<Dialect>, Failure> {
    let source = Arc::new(Source { name: "the draft".to_owned(), text: toml.to_owned() });
    let set = DialectSet::load(&[source]).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        Failure(format!("the draft would not load:\n{}\n\nThe draft:\n\n{toml}", lines.join("\n")))
    })?;
    set.iter().last().cloned().ok_or_else(|| Failure("the draft is no dialect".to_owned()))
}

/// Writes a file that is not there yet.
pub(in crate::cli) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure(format!("{} cannot be written: {error}", path.display()));
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    std::io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)
}
