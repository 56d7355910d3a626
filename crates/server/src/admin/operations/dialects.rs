//! Dialects: the wire formats of token endpoints, as this node has loaded them.

use mintmark_core::dialect::{Dialect, DialectSet};
use mintmark_core::management::Permission;
use mintmark_core::model::DialectName;
use mintmark_verify::Algorithm;
use serde::Serialize;
use utoipa::ToSchema;

use super::Page;
use super::environments::PageFilter;
use super::page::{Wanted, page_of};
use crate::admin::{Desk, Refusal, schema};

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

fn loaded(desk: &Desk) -> DialectSet {
    DialectSet::clone(&desk.node.dialects.load())
}

/// All dialects.
pub fn list(desk: &Desk, filter: &PageFilter) -> Result<Page<DialectView>, Refusal> {
    desk.require(Permission::ReadOperator)?;
    let wanted = Wanted::<String>::read(filter.limit, filter.cursor.as_deref())?;
    let all: Vec<DialectView> = loaded(desk).iter().map(|dialect| DialectView::from(&**dialect)).collect();
    Ok(page_of(all, &wanted, |dialect| dialect.name.to_string(), |dialect| dialect))
}

/// One dialect.
pub fn read(desk: &Desk, name: &DialectName) -> Result<DialectView, Refusal> {
    desk.require(Permission::ReadOperator)?;
    let set = loaded(desk);
    set.get(name.as_str()).map(|dialect| DialectView::from(&**dialect)).ok_or(Refusal::NotFound)
}
