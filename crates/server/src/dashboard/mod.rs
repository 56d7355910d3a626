//! The dashboard: pages that work without scripts, rendered here. This folder owns how it looks and how a browser is spoken to
//! safely; what may be seen and done, and by whom, is decided elsewhere.
//!
//! [`security`] stands before every page. `components` are the pieces that pages are put together from, `views` the pages
//! themselves, `words` all that they say, and `kit` shows every piece in every state while developing.

mod access;
mod assets;
mod businesses;
pub(crate) mod clients;
mod components;
mod compression;
mod cookies;
#[cfg(test)]
mod fixture;
mod flash;
mod forms;
mod frame;
mod insight;
mod kit;
mod leaks;
mod members;
mod mistake;
mod navigation;
mod once;
mod operator;
mod problem;
mod seat;
mod security;
mod theme;
mod views;
mod webhooks;
mod words;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};

use crate::admin::AdminApp;

/// The dashboard's routes, each behind [`security::guard`]: what it refuses reaches no page.
pub fn routes(app: &AdminApp) -> Router<AdminApp> {
    let mut pages = access::routes()
        .merge(businesses::routes())
        .merge(clients::routes())
        .merge(insight::routes())
        .merge(leaks::routes())
        .merge(members::routes())
        .merge(operator::routes())
        .merge(webhooks::routes())
        .route("/theme", post(theme::choose))
        .fallback(problem::not_found);
    // No environment has such a name: without the kit there is nothing there.
    pages = if app.development { pages.merge(kit::routes()) } else { pages.route("/_kit/{*page}", get(problem::not_found)) };
    pages
        .layer(middleware::from_fn_with_state(app.clone(), security::guard))
        .layer(middleware::from_fn_with_state(app.clone(), compression::compress))
        .route("/assets/{file}", get(assets::serve))
        .layer(middleware::from_fn_with_state(app.clone(), security::add_headers))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use mintmark_core::management::INVITATION_PATH;
    use mintmark_core::registry::RESERVED_ENVIRONMENT_NAMES;

    /// The first segments of the paths of routes, and of constants that routes name.
    fn first_segments(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                first_segments(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for part in [".route(\"/", ": &str = \"/"].into_iter().flat_map(|begin| text.split(begin).skip(1)) {
                let segment: String = part.chars().take_while(|one| one.is_ascii_lowercase() || *one == '-').collect();
                found.extend(Some(segment).filter(|segment| !segment.is_empty()));
            }
        }
    }

    #[test]
    fn no_environment_can_be_called_as_a_page_is() {
        let mut found = BTreeSet::from([INVITATION_PATH.trim_start_matches('/').to_owned()]);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dashboard");
        first_segments(&folder, &mut found);
        assert!(found.contains("audit") && found.contains("step-up") && found.contains("members"), "{found:?}");
        let reserved: BTreeSet<String> = RESERVED_ENVIRONMENT_NAMES.iter().map(|name| (*name).to_owned()).collect();
        let missing: Vec<_> = found.difference(&reserved).collect();
        assert!(missing.is_empty(), "add to RESERVED_ENVIRONMENT_NAMES: {missing:?}");
    }
}
