//! Dialects: the wire formats of token endpoints, as this node has loaded them.

use mintmark_core::dialect::{BUILT_IN, Dialect, DialectSet};
use mintmark_core::management::Permission;
use mintmark_core::model::DialectName;
use mintmark_verify::Algorithm;
use serde::Serialize;
use utoipa::ToSchema;

use super::Page;
use super::environments::PageFilter;
use super::page::{Wanted, page_of};
use crate::admin::{Desk, Refusal, schema};
use crate::dialect_example::{Example, example_of};
use crate::dialect_files::read_folder;

/// A wire format of a token endpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Dialect)]
pub struct DialectView {
    /// Its name.
    #[schema(value_type = schema::DialectName)]
    pub name: DialectName,
    /// The file it was read from; built-in ones have one too.
    pub file: String,
    /// The method of its token endpoint.
    pub method: String,
    /// The path of its token endpoint, at each environment's issuer.
    pub path: String,
    /// The algorithm of its tokens; the resource's or the environment's where it names none.
    #[schema(value_type = Option<schema::Algorithm>, required)]
    pub algorithm: Option<Algorithm>,
}

impl From<&Dialect> for DialectView {
    fn from(dialect: &Dialect) -> Self {
        Self {
            name: dialect.name.clone(),
            file: dialect.file.clone(),
            method: dialect.route.method.to_string(),
            path: dialect.route.path.clone(),
            algorithm: dialect.token.algorithm,
        }
    }
}

/// A dialect as its page shows it.
#[derive(Clone, Debug)]
pub struct DialectSheet {
    /// What the API tells of it.
    pub dialect: DialectView,
    /// Its file's text as it is now; none where it cannot be read.
    pub text: Option<String>,
    /// An exchange by it.
    pub example: Example,
}

/// One dialect with its file and an example exchange.
pub async fn look(desk: &Desk, name: &DialectName) -> Result<DialectSheet, Refusal> {
    desk.require(Permission::ReadOperator)?;
    let set = loaded(desk);
    let dialect = set.get(name.as_str()).ok_or(Refusal::NotFound)?;
    let text = file_text(desk, &dialect.file).await;
    Ok(DialectSheet { dialect: DialectView::from(&**dialect), text, example: example_of(dialect) })
}

/// The text of a dialect's file: of a built-in one the program has it.
async fn file_text(desk: &Desk, file: &str) -> Option<String> {
    let built_in = BUILT_IN.iter().find(|(name, _)| file.strip_prefix("built-in ") == Some(*name));
    if let Some((_, text)) = built_in {
        return Some((*text).to_owned());
    }
    // Nothing but what the folder holds is read, and on a thread that may wait.
    let (folder, file) = (desk.node.dialect_folder.clone()?, file.to_owned());
    let read =
        move || read_folder(&folder).ok()?.into_iter().find(|source| source.name == file).map(|source| source.text.clone());
    tokio::task::spawn_blocking(read).await.ok()?
}

fn loaded(desk: &Desk) -> DialectSet {
    DialectSet::clone(&desk.node.dialects.load())
}

/// All dialects.
pub fn list(desk: &Desk, filter: &PageFilter) -> Result<Page<DialectView>, Refusal> {
    desk.require(Permission::ReadOperator)?;
    let wanted = Wanted::<String>::read(filter.limit, filter.cursor.as_deref())?;
    let all: Vec<DialectView> = loaded(desk).iter().map(|dialect| DialectView::from(&**dialect)).collect();
    page_of(all, &wanted, |dialect| dialect.name.to_string(), |dialect| dialect)
}

/// One dialect.
pub fn read(desk: &Desk, name: &DialectName) -> Result<DialectView, Refusal> {
    desk.require(Permission::ReadOperator)?;
    let set = loaded(desk);
    set.get(name.as_str()).map(|dialect| DialectView::from(&**dialect)).ok_or(Refusal::NotFound)
}
