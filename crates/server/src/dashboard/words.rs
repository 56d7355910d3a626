//! Everything that the dashboard says, so that it can be said in another language some day. Pages and components have no words of
//! their own but names of the protocol's fields and values.

mod clients;
mod common;
pub(crate) mod kit;
pub(crate) mod operator;
mod people;

pub(crate) use clients::{client, create, list, overview, result};
pub(crate) use common::{action, chart, layout, navigation, problem, status, theme, time, tone};
pub(crate) use operator::{deny_list, keys, resources, tenants};
pub(crate) use people::{account, invitation, sign_in, step_up};
