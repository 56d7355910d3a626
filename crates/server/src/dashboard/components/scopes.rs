use std::collections::HashSet;

use askama::Template;
use mintmark_core::model::{Resource, ScopeDefinition};

use super::Banner;
use crate::dashboard::forms::{self, Fields};
use crate::dashboard::frame::Tone;
use crate::dashboard::words;

/// An API with the scopes that can be chosen of it.
pub(crate) struct ResourceChoice {
    pub(crate) name: String,
    pub(crate) uri: String,
    /// Each with its description and whether it is chosen.
    pub(crate) scopes: Vec<(String, String, bool)>,
}

impl ResourceChoice {
    /// An API with those of its scopes that are offered.
    pub(crate) fn of(resource: &Resource, ticked: &Ticked<'_>, is_offered: impl Fn(&ScopeDefinition) -> bool) -> Self {
        let uri = resource.uri.as_str();
        let row = |scope: &ScopeDefinition| {
            let name = scope.name.to_string();
            let is_chosen = ticked.has(uri, &name);
            (name, scope.description.clone(), is_chosen)
        };
        let scopes = resource.scopes.iter().filter(|scope| is_offered(scope)).map(row);
        Self { name: resource.name.clone(), uri: uri.to_owned(), scopes: scopes.collect() }
    }
}

/// The scopes of APIs, to be ticked. Each is a field `scope` with the API and the scope, a space between them.
#[derive(Template)]
#[template(path = "components/scopes.html")]
pub(crate) struct Scopes {
    resources: Vec<ResourceChoice>,
    fits: bool,
}

impl Scopes {
    /// The field that says that they were shown: where they were not, none that is ticked does not mean none at all.
    const SHOWN: &str = "scopes_shown";

    pub(crate) fn new(resources: Vec<ResourceChoice>) -> Self {
        let ticked = |resource: &ResourceChoice| {
            let of_one = format!("scope={} ", resource.uri);
            let of_one = forms::encoded_length(&of_one) + 1;
            resource.scopes.iter().map(|(scope, ..)| of_one + forms::encoded_length(scope)).collect::<Vec<_>>()
        };
        let fits = forms::have_room(resources.iter().flat_map(ticked));
        Self { resources, fits }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Whether a form had them.
    pub(crate) fn were_shown(fields: &Fields) -> bool {
        fields.one(Self::SHOWN).is_some()
    }

    fn too_many() -> Banner {
        Banner::new(Tone::Note, words::scopes::TOO_MANY, words::scopes::TOO_MANY_MEANS)
    }
}

/// The scopes that are ticked, to look them up.
pub(crate) struct Ticked<'f>(HashSet<&'f str>);

impl<'f> Ticked<'f> {
    pub(crate) fn of(values: impl IntoIterator<Item = &'f String>) -> Self {
        Self(values.into_iter().map(String::as_str).collect())
    }

    pub(crate) fn has(&self, uri: &str, scope: &str) -> bool {
        self.0.contains(format!("{uri} {scope}").as_str())
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    use super::*;

    /// An API with as many scopes as there may be, all names as long as they may be.
    fn largest(number: usize) -> ResourceChoice {
        let uri = format!("https://{number}.example/{}", "a%2F".repeat(130)).chars().take(512).collect::<String>();
        let scopes = (0..500).map(|number| (format!("{number:~>128}"), String::new(), true));
        ResourceChoice { name: "Largest".to_owned(), uri, scopes: scopes.collect() }
    }

    #[test]
    fn the_largest_catalogue_is_a_form_that_can_be_read() {
        let scopes = Scopes::new(vec![largest(1)]);
        assert!(scopes.fits && scopes.render().unwrap().contains(Scopes::SHOWN));
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let one =
            |(scope, ..): &(String, String, bool)| format!("scope={}+{}", encode(&scopes.resources[0].uri), encode(scope));
        let body = scopes.resources[0].scopes.iter().map(one).collect::<Vec<_>>().join("&");
        assert!(body.len() > 300_000 && body.len() < forms::SIGNED_IN_BODY_MAX, "{}", body.len());
        assert_eq!(Fields::parse(body.as_bytes()).unwrap().many("scope").count(), 500);
    }

    #[test]
    fn what_does_not_fit_is_not_offered_and_so_not_taken_away() {
        let scopes = Scopes::new((0..10).map(largest).collect());
        let shown = scopes.render().unwrap();
        assert!(!scopes.fits && !shown.contains("name=\"scope\"") && !shown.contains(Scopes::SHOWN), "{shown}");
        assert!(shown.contains("Too many scopes"), "{shown}");
    }
}
