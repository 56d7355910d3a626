use askama::Template;

use super::ClientHead;
use crate::dashboard::components::{Banner, Button, Empty, Field, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// One thing that changes.
pub(crate) struct DifferenceRow {
    pub(crate) field: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// A plan, for review.
pub(crate) struct Plan {
    pub(crate) to: String,
    /// Whether it is where mistakes reach customers.
    pub(crate) is_live: bool,
    pub(crate) creates: bool,
    pub(crate) differences: Vec<DifferenceRow>,
    /// What stays behind, each with why.
    pub(crate) blocked: Vec<(String, String)>,
    /// Why it cannot be applied by who looks, if so.
    pub(crate) refusal: Option<String>,
    pub(crate) digest: String,
}

/// Bringing a client to another environment.
#[derive(Template)]
#[template(path = "pages/promotion.html")]
pub(crate) struct PromotionPage {
    pub(crate) frame: Frame,
    pub(crate) head: ClientHead,
    /// The other environments.
    pub(crate) targets: Vec<String>,
    pub(crate) plan: Option<Plan>,
    pub(crate) may_edit: bool,
    /// What went wrong with applying it.
    pub(crate) problem: Option<String>,
}

impl PromotionPage {
    fn target_field(&self) -> Field {
        let options = self.targets.iter().map(|name| (name.clone(), name.clone())).collect();
        let chosen = self.plan.as_ref().map_or("", |plan| plan.to.as_str());
        Field::select("to", words::promotion::TO, options).value(chosen)
    }

    fn wrong(text: &str) -> Banner {
        Banner::new(Tone::Bad, words::credential::NOTHING_CHANGED, text)
    }

    fn refused(text: &str) -> Banner {
        Banner::new(Tone::Bad, words::promotion::REFUSED, text)
    }

    fn nothing() -> Empty {
        Empty { icon: "good", title: words::promotion::NOTHING, text: words::promotion::NOTHING_WHY, action: None }
    }

    fn live() -> Banner {
        Banner::new(Tone::Warning, words::promotion::DANGER, "")
    }

    fn apply(plan: &Plan) -> Button {
        Button::primary(words::promotion::apply(&plan.to))
    }
}
