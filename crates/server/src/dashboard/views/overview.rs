use askama::Template;

use crate::dashboard::components::{Banner, Button, Chart, Empty, icon};
use crate::dashboard::frame::Frame;
use crate::dashboard::words;

/// One number.
pub(crate) struct Figure {
    pub(crate) label: &'static str,
    pub(crate) value: String,
    /// What it is measured in or over.
    pub(crate) unit: &'static str,
}

/// What an environment does, and what needs a look.
#[derive(Template)]
#[template(path = "pages/overview.html")]
pub(crate) struct OverviewPage {
    pub(crate) frame: Frame,
    pub(crate) environment: String,
    pub(crate) figures: Vec<Figure>,
    pub(crate) chart: Chart,
    pub(crate) attention: Vec<Banner>,
    /// How the node and its database are, for the operator.
    pub(crate) node: Option<Banner>,
    /// Whether there is any client at all.
    pub(crate) has_clients: bool,
    pub(crate) may_edit: bool,
}

impl OverviewPage {
    fn new_client(&self) -> Button {
        Button::primary(words::list::NEW).icon("plus").to(format!("/{}/clients/new", self.environment)).keys("n")
    }

    fn start(&self) -> Empty {
        let action = self.may_edit.then(|| self.new_client());
        Empty { icon: "mint", title: words::overview::START, text: words::overview::START_WHY, action }
    }
}
