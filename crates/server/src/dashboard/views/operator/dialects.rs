use askama::Template;

use crate::dashboard::components::{Banner, Code, icon};
use crate::dashboard::frame::Frame;
use crate::dashboard::words;

/// One dialect of the list.
pub(crate) struct DialectRow {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) endpoint: String,
    pub(crate) file: String,
    pub(crate) algorithm: &'static str,
}

/// The dialects of this node.
#[derive(Template)]
#[template(path = "pages/operator/dialects.html")]
pub(crate) struct DialectListPage {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<DialectRow>,
    /// What came of the last reload, if there was one.
    pub(crate) reload: Option<Banner>,
    /// Its mistakes.
    pub(crate) mistakes: Vec<String>,
}

/// One dialect.
#[derive(Template)]
#[template(path = "pages/operator/dialect.html")]
pub(crate) struct DialectPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) endpoint: String,
    /// Its file; why it is not shown otherwise.
    pub(crate) file: Option<Code>,
    pub(crate) unreadable: Option<Banner>,
    pub(crate) request: Code,
    pub(crate) answer: Code,
    pub(crate) curl: Code,
    /// Each fault with the status and the body of its answer.
    pub(crate) faults: Vec<(&'static str, u16, String)>,
}

/// How the node and its database are.
#[derive(Template)]
#[template(path = "pages/operator/node.html")]
pub(crate) struct NodePage {
    pub(crate) frame: Frame,
    pub(crate) notices: Vec<Banner>,
    /// Each group of figures: what, and how it is.
    pub(crate) facts: Vec<Vec<(&'static str, String)>>,
}
