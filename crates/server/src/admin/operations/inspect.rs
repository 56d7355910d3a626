//! What a token is worth, and why.

use mintmark_core::management::Permission;
use mintmark_core::model::EnvironmentName;
use mintmark_core::registry::RegistryError;
use mintmark_core::store::StoreError;
use mintmark_core::token::{EndedBy, LineVerdict, ReportLine, TokenReport, TokenStanding};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::explain::check_length;
use crate::admin::trials::Trial;
use crate::admin::{Desk, Moment, Refusal, schema};

/// The longest text that is looked into as a token, in bytes; one that is a little shorter may be told to be none.
const MAX_TOKEN: usize = 16 * 1024;

/// A token to look into.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TokenInspection)]
pub struct TokenToInspect {
    /// The token as it was issued.
    #[schema(min_length = 1, max_length = 16384)]
    pub token: String,
}

/// What a token is worth, and why. It does not repeat the token.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TokenReport)]
pub struct TokenReportView {
    /// What it is worth.
    pub standing: StandingView,
    /// The environment that made it, if that is known.
    #[schema(value_type = Option<schema::EnvironmentName>, required)]
    pub environment: Option<EnvironmentName>,
    /// Every check, in order.
    pub lines: Vec<LineView>,
    /// The header of a JWT.
    #[schema(value_type = Option<Object>, required)]
    pub header: Option<Map<String, Value>>,
    /// What it says. Nobody has verified it unless the line `signature` has passed.
    #[schema(value_type = Option<Object>, required)]
    pub claims: Option<Map<String, Value>>,
}

/// One check of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TokenReportLine)]
pub struct LineView {
    /// Its name.
    pub check: &'static str,
    /// How it went.
    #[schema(value_type = schema::LineVerdict)]
    pub verdict: LineVerdict,
    /// What was found.
    pub detail: String,
}

/// What a token is worth at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
#[schema(as = TokenStanding)]
pub enum StandingView {
    /// Services take it.
    Live {
        /// For so many seconds more.
        seconds_left: i64,
    },
    /// It has expired.
    Expired {
        /// So many seconds ago.
        seconds_ago: i64,
    },
    /// It was ended before it expires.
    Revoked {
        /// By what.
        #[schema(value_type = schema::EndedBy)]
        by: EndedBy,
        /// When, where that is known.
        #[schema(required)]
        when: Option<Moment>,
    },
    /// It is good later.
    NotYetValid {
        /// In so many seconds.
        seconds: i64,
    },
    /// It says that it is of this server, and is not: changed, forged, or signed by a key that is not there.
    Invalid,
    /// It is of another issuer, or of somebody whose tokens you do not see.
    Foreign,
    /// It is no token.
    Malformed,
}

impl From<TokenStanding> for StandingView {
    fn from(standing: TokenStanding) -> Self {
        match standing {
            TokenStanding::Live { seconds_left } => StandingView::Live { seconds_left },
            TokenStanding::Expired { seconds_ago } => StandingView::Expired { seconds_ago },
            TokenStanding::Revoked { by, when } => StandingView::Revoked { by, when: when.map(Moment::from) },
            TokenStanding::NotYetValid { seconds } => StandingView::NotYetValid { seconds },
            TokenStanding::Invalid => StandingView::Invalid,
            TokenStanding::Foreign => StandingView::Foreign,
            TokenStanding::Malformed => StandingView::Malformed,
        }
    }
}

impl From<TokenReport> for TokenReportView {
    fn from(report: TokenReport) -> Self {
        let line = |ReportLine { check, verdict, detail }| LineView { check, verdict, detail };
        let TokenReport { lines, header, claims, environment, standing } = report;
        let lines = lines.into_iter().map(line).collect();
        Self { standing: standing.into(), environment, lines, header, claims }
    }
}

/// Looks into a token. Of one that is out of reach it tells what everybody can decode, and that it is foreign (rule S5).
pub async fn inspect(desk: &Desk, asked: &TokenToInspect) -> Result<TokenReportView, Refusal> {
    desk.require(Permission::Read)?;
    check_length("token", Some(&asked.token), MAX_TOKEN)?;
    let _running = desk.begin(Trial::Token)?;
    let report = Box::pin(desk.node.endpoint.debug_token(&asked.token, desk.authority.reach())).await;
    report.map(Into::into).map_err(|denial| {
        Refusal::Registry(RegistryError::Store(StoreError::Unavailable(format!("a token was not looked into: {denial}"))))
    })
}
