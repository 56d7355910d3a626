//! `mintmark dialect draft`

use std::path::PathBuf;

use clap::Args;
use mintmark_core::model::DialectName;

use super::super::{Done, Failure};
use super::from_openapi::{draft_of, present};
use crate::drafting::{OperationName, draft_from_recordings};
use crate::recording::read_exchanges;

#[derive(Args, Debug)]
pub(in crate::cli) struct DraftArgs {
    /// The folder of `mintmark dialect record`, or its file.
    recordings: PathBuf,
    /// An OpenAPI document that tells what the recordings do not show.
    #[arg(long, value_name = "FILE")]
    openapi: Option<PathBuf>,
    /// Its operation, where several give tokens.
    #[arg(long, value_name = "METHOD /PATH", requires = "openapi")]
    operation: Option<OperationName>,
    /// The dialect's name [default: recorded].
    #[arg(long)]
    name: Option<DialectName>,
    /// Write the file here instead of to standard output. A file that is there is not replaced.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(in crate::cli) fn run(args: &DraftArgs) -> Done {
    let exchanges = read_exchanges(&args.recordings).map_err(Failure)?;
    let name = args.name.as_ref().map(DialectName::as_str);
    let base = args.openapi.as_ref().map(|file| draft_of(file, name, args.operation.as_ref())).transpose()?;
    let file = args.recordings.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let draft = draft_from_recordings(&exchanges, &file, name, base)
        .map_err(|message| Failure(format!("{}: {message}", args.recordings.display())))?;
    present(&draft, args.output.as_deref())
}
