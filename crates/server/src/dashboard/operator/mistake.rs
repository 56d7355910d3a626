use axum::response::{IntoResponse, Response};
use http::StatusCode;
use mintmark_core::registry::RegistryError;

use crate::admin::Refusal;
use crate::dashboard::seat::{Seat, Stop};
use crate::dashboard::{problem, words};

/// What is wrong with a form that can be mended: it is shown again.
pub(super) struct Mistake {
    /// The field; none where it is the form as a whole.
    pub(super) field: Option<&'static str>,
    pub(super) text: String,
}

impl Mistake {
    /// What a refusal says of the form; every other refusal stops.
    pub(super) fn of(seat: &Seat, refusal: Refusal) -> Result<Self, Stop> {
        match refusal {
            Refusal::Invalid { field, expected } | Refusal::Registry(RegistryError::Invalid { field, expected }) => {
                Ok(Self { field: Some(field), text: words::operator::expected(&expected) })
            }
            Refusal::Changed => Ok(Self::whole(words::operator::CHANGED)),
            Refusal::Registry(
                error @ (RegistryError::Exists(_) | RegistryError::NotAllowed(_) | RegistryError::NotFound(_)),
            ) => Ok(Self::whole(error.to_string())),
            other => Err(seat.stop(other)),
        }
    }

    fn whole(text: impl Into<String>) -> Self {
        Self { field: None, text: text.into() }
    }

    /// Whether somebody else was quicker.
    pub(super) fn is_change(&self) -> bool {
        self.text == words::operator::CHANGED
    }

    /// What it says of a field.
    pub(super) fn at(&self, field: &str) -> Option<String> {
        self.field.filter(|known| *known == field).map(|_| self.text.clone())
    }

    /// What it says of everything but some fields.
    pub(super) fn beside(&self, fields: &[&str]) -> Option<String> {
        self.field.is_none_or(|known| !fields.contains(&known)).then(|| self.text.clone())
    }
}

/// A form that is shown again.
pub(super) fn again(page: &impl askama::Template) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, problem::page(page)).into_response()
}
