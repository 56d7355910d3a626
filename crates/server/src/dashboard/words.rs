//! Everything that the dashboard says, so that it can be said in another language some day. Pages and components have no words of
//! their own but names of the protocol's fields and values.

mod access;
pub(crate) mod businesses;
mod clients;
mod common;
mod insight;
pub(crate) mod kit;
pub(crate) mod leaks;
pub(crate) mod operator;
mod people;
pub(crate) mod webhooks;

pub(crate) use access::{invitations, members, programs};
pub(crate) use clients::{client, create, credential, list, overview, promotion, result, rotation, settings};
pub(crate) use common::{action, chart, layout, mistake, navigation, problem, scopes, status, theme, time, tone};
pub(crate) use insight::{audit, console, dry_run, explain, quotas, reasons, token, usage};
pub(crate) use operator::{deny_list, dialects, keys, node, resources, tenants};
pub(crate) use people::{account, invitation, passkey, sign_in, step_up};
