//! The management side: the API at `/admin/v1`, everything the registry can do, for the operator and for tenants; and the way to the
//! [dashboard](crate::dashboard), which is served beside it.
//!
//! | File | Owns |
//! |---|---|
//! | `desk` | who acts, what they may, whose objects they reach (rules S1 and S4) |
//! | `refusal` | why an operation was not done |
//! | `operations` | what can be done, one function each; the dashboard calls the same ones |
//! | `api` | the way there by HTTP: routes, bodies, entity tags, problem details |
//! | `authentication` | whose request it is |
//! | `set_up` | the first admin's way in |
//! | `trials` | how often somebody may have the server try something |
//! | `document`, `page` | the OpenAPI document and the page to try it |
//!
//! A request goes: `api` (headers, whose request, body, a key that came before), `operations` (permission, reach, the registry's
//! rules), `api` (the answer).

mod api;
mod app;
mod authentication;
mod desk;
mod document;
mod moment;
pub mod operations;
mod refusal;
mod schema;
mod set_up;
mod trials;

pub use api::{routes, service};
pub use app::AdminApp;
pub use desk::Desk;
pub use document::{OPERATIONS, OperationRow, document};
pub use moment::Moment;
pub use refusal::Refusal;
pub use set_up::set_up_link;
pub(crate) use trials::Trials;
