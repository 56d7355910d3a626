//! Who is signed in, at one of their pages: what every page behind the sign-in takes.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use mintmark_core::management::{Management, ManagementError, Permission, SignedIn};
use mintmark_core::model::{EnvironmentName, SensitiveAction};
use mintmark_core::store::{EnvironmentRecord, Store};

use super::access::{Caller, said, step_up};
use super::forms::Fields;
use super::frame::{Crumb, EnvironmentLink, Frame, Person, Visit};
use super::navigation::Section;
use super::{AdminApp, flash, once, problem, words};
use crate::admin::{Desk, Refusal};
use crate::http::{Peer, RequestId};
use crate::store::SqlStore;

/// The environment that one is shown first.
const FIRST: &str = "sandbox";

/// An answer in place of the page.
pub(crate) struct Stop(Box<Response>);

impl From<Response> for Stop {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// What a handler of a page answers with.
pub(crate) type Answer = Result<Response, Stop>;

/// Somebody who is signed in. Whoever is not is sent to sign in; whoever showed anew, in this form, who they are has a session with
/// another token by now, and the answer tells their browser.
pub(crate) struct Seat {
    pub(crate) app: AdminApp,
    pub(crate) visit: Visit,
    pub(crate) signed_in: SignedIn,
    /// Where they do their operations, as in the API.
    pub(crate) desk: Desk,
    /// The form; without fields where a page is only looked at.
    pub(crate) fields: Fields,
    environments: Vec<EnvironmentRecord>,
    organisation: String,
    done: Option<&'static str>,
}

impl FromRequestParts<AdminApp> for Seat {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, app: &AdminApp) -> Result<Self, Stop> {
        let mut visit = Visit::of(app, &parts.headers, parts.uri.path());
        // PostgreSQL cannot hold a NUL, so nothing has one in its name.
        if parts.uri.path_and_query().is_some_and(|asked| asked.as_str().contains("%00")) {
            return Err(problem::of_refusal(&visit, Refusal::NotFound).into());
        }
        let Ok(caller) = Caller::from_request_parts(parts, app).await;
        let fields = parts.extensions.remove::<Fields>().unwrap_or_default();
        let found = step_up::signed_in(app, (parts, &mut visit), (&fields, &caller)).await?;
        let signed_in = found.ok_or_else(|| Redirect::to("/sign-in").into_response())?;
        let counted = app.management.count_call(&signed_in.authority, app.now());
        counted.map_err(|error| problem::failed(&visit, said(&error)))?;
        let source = parts.extensions.get::<Arc<Peer>>().map(|peer| peer.address);
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.as_str().to_owned());
        let desk = Desk::new(app, signed_in.authority, source, request_id);
        let done = flash::of(parts.uri.query());
        let (app, environments, organisation) = (app.clone(), Vec::new(), String::new());
        let mut seat = Self { app, visit, signed_in, desk, fields, environments, organisation, done };
        seat.look_around().await.map_err(|error| seat.stop(error))?;
        Ok(seat)
    }
}

impl Seat {
    /// Reads what is around each page.
    async fn look_around(&mut self) -> Result<(), Refusal> {
        self.environments = self.desk.store().environments().await?.value;
        let tenant = match self.signed_in.member.tenant_id {
            Some(tenant) => self.desk.store().tenant(tenant).await?.map(|tenant| tenant.name.clone()),
            None => None,
        };
        self.organisation = tenant.unwrap_or_else(|| words::navigation::OPERATOR.to_owned());
        Ok(())
    }

    /// Whether their role permits something: for what a page offers. The operations decide for themselves.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.signed_in.authority.permits(permission)
    }

    /// Whether they are of the operator.
    pub(crate) fn is_operator(&self) -> bool {
        self.signed_in.member.tenant_id.is_none()
    }

    /// The tenant's name, or the operator's.
    pub(crate) fn organisation(&self) -> &str {
        &self.organisation
    }

    /// The environment that a page's address names.
    pub(crate) fn environment(&self, name: &str) -> Result<&EnvironmentRecord, Stop> {
        let found = self.environments.iter().find(|record| record.environment.name.as_str() == name);
        found.ok_or_else(|| self.stop(Refusal::NotFound))
    }

    /// All environments.
    pub(crate) fn environments(&self) -> &[EnvironmentRecord] {
        &self.environments
    }

    /// The environment to begin with, where an address names none; nothing where there are no environments.
    pub(crate) fn first_environment(&self) -> Option<&EnvironmentName> {
        let is_first = |record: &&EnvironmentRecord| record.environment.name.as_str() == FIRST;
        let record = self.environments.iter().find(is_first).or_else(|| self.environments.first());
        record.map(|record| &record.environment.name)
    }

    /// Around a page of an environment. The links to the other environments lead to the same section there.
    pub(crate) fn frame_in(&self, environment: &EnvironmentName, title: impl Into<String>, section: Section) -> Frame {
        let mut frame = self.frame_of(environment.as_str(), title, Some(section));
        let link = |record: &EnvironmentRecord| {
            let name = record.environment.name.to_string();
            let current = record.environment.name == *environment;
            EnvironmentLink { href: section.href(&name), name, current }
        };
        frame.environments = self.environments.iter().map(link).collect();
        frame
    }

    /// Around a page that belongs to no environment.
    pub(crate) fn frame(&self, title: impl Into<String>, section: Option<Section>) -> Frame {
        self.frame_of(self.first_environment().map_or("", EnvironmentName::as_str), title, section)
    }

    fn frame_of(&self, environment: &str, title: impl Into<String>, section: Option<Section>) -> Frame {
        let (member, organisation) = (&self.signed_in.member, self.organisation.clone());
        let person = Person { name: member.name.clone(), role: member.role, organisation };
        let mut frame = Frame::bare(title, &self.visit).signed_in(person, environment, section);
        frame.flash = self.done.map(flash::good);
        frame.once = once::token(self.app.random());
        frame
    }

    /// The rules for changes of people, with the audit naming this one.
    pub(crate) fn management(&self) -> &Management<SqlStore> {
        &self.desk.management
    }

    /// The page that says why an operation was not done.
    pub(crate) fn stop(&self, refusal: impl Into<Refusal>) -> Stop {
        problem::of_refusal(&self.visit, refusal.into()).into()
    }

    /// The page that says why somebody could not be let in, or changed.
    pub(crate) fn stop_managing(&self, error: &ManagementError) -> Stop {
        problem::failed(&self.visit, said(error)).into()
    }

    /// Sees that they showed, for actions like this one and a short while ago, who they are (rule S24). Whoever did not is asked to,
    /// on a page that then does what the form asked for: call it before anything is changed.
    pub(crate) fn require_step_up(&self, action: SensitiveAction) -> Result<(), Stop> {
        match self.signed_in.check_stepped_up(action, self.app.now()) {
            Ok(()) => Ok(()),
            Err(_) => Err(step_up::ask((&self.app, &self.signed_in), &self.visit, action, &self.fields, None).into()),
        }
    }
}

/// To a page, which says once what was done: one of [`flash`]'s words.
pub(crate) fn go(path: &str, done: Option<&'static str>) -> Response {
    let query = done.map(|word| format!("?{}={word}", flash::FIELD)).unwrap_or_default();
    Redirect::to(&format!("{path}{query}")).into_response()
}

/// The pages above a page.
pub(crate) fn crumbs<const N: usize>(pages: [(String, String); N]) -> Vec<Crumb> {
    pages.into_iter().map(|(label, href)| Crumb { label, href }).collect()
}
