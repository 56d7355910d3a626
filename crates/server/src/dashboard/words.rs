//! Everything that the dashboard says, so that it can be said in another language some day. Pages and components have no words of
//! their own but names of the protocol's fields and values.

mod businesses;
mod clients;
mod common;
pub(crate) mod kit;
mod people;

pub(crate) use businesses::businesses;
pub(crate) use clients::{client, create, credential, list, overview, promotion, result, rotation, settings};
pub(crate) use common::{action, chart, layout, mistake, navigation, problem, status, theme, time, tone};
pub(crate) use people::{account, invitation, sign_in, step_up};
