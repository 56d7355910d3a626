//! Dialects: the wire formats of token endpoints, described by files.
//!
//! A file is read by [`schema`] into a [`Dialect`]; [`decode`] turns a request into a
//! [`TokenRequest`](crate::token::TokenRequest) by it, and [`encode`] an answer into bytes. Nothing here decides anything, and
//! no provider is named in this code: what they do differently is in `dialects/*.toml`.

mod auth_method;
mod decode;
mod encode;
mod fault;
mod outgoing;
mod rules;
mod schema;
mod set;
mod template;

pub use auth_method::{AuthMethod, AuthMethods};
pub(crate) use decode::{FormParameter, FormRequest, basic_in, query_value};
pub use decode::{MAX_BODY, MAX_FIELDS, RawBody, RawRequest};
pub use encode::{AnswerContext, Encoded, Granted};
pub use fault::{Fault, Step};
pub use outgoing::{OutgoingProof, OutgoingRequest, TokenAsk};
pub use rules::{
    AttributeOf, BasicDecoding, ClaimRule, Dialect, DpopRule, ExpiresIn, IntegerGrammar, LimitRules, Origin, Parameter, Report,
    Role, Route, Slash, TokenRules,
};
pub use schema::{BUILT_IN_ROUTES, BUSINESS_ROUTE};
pub use set::{BUILT_IN, DialectSet, Routed};
