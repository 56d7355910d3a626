//! What a request would get, without sending it: every step is gone through, nothing is signed, counted or used up.

use std::sync::Arc;

use mintmark_verify::Algorithm;
use serde::Serialize;

use super::steps::{Check, steps};
use super::{DryRunStep, Explanation, Supposed};
use crate::directory::EnvironmentView;
use crate::management::Reach;
use crate::model::{ClientId, CredentialId, EnvironmentName, TokenFormat};
use crate::store::Store;
use crate::token::authorize::Authorized;
use crate::token::run::Run;
use crate::token::{Denial, Exchange, Issued, Presented, RateStatus, Refused, TokenEndpoint, TokenRequest, check_form};

/// What a token would be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedToken {
    /// Its claims, but for `jti`, which is random.
    pub claims: serde_json::Map<String, serde_json::Value>,
    /// Its form.
    pub format: TokenFormat,
    /// What it would be signed with; nothing for an opaque one.
    pub algorithm: Option<Algorithm>,
    /// The key that would sign it.
    pub kid: Option<String>,
    /// For how many seconds it would be good.
    pub lifetime: u32,
    /// Its scopes.
    pub scope: String,
    /// How it is to be presented.
    pub token_type: &'static str,
}

/// What a dry run found.
#[derive(Clone, Debug, Serialize)]
pub struct DryRun {
    /// Whether there would be a token.
    pub passed: bool,
    /// Every step, in the order of the dialect.
    pub steps: Vec<DryRunStep>,
    /// Why there would be none.
    pub explanation: Option<Explanation>,
    /// What the wire would tell of that: the word of dialect files.
    pub told: Option<&'static str>,
    /// The client, if there is one of the name given.
    pub client_id: Option<ClientId>,
    /// What would prove it, or does.
    pub credential_id: Option<CredentialId>,
    /// The token that there would be.
    pub token: Option<PlannedToken>,
    /// The reason itself.
    #[serde(skip)]
    pub denial: Option<Denial>,
}

/// A run that changes nothing.
struct Rehearsal {
    supposed: Option<Supposed>,
}

impl Run for Rehearsal {
    type Token = PlannedToken;

    const IS_REHEARSAL: bool = true;

    fn supposed(&self) -> Option<&Supposed> {
        self.supposed.as_ref()
    }

    async fn mint<S: Store>(
        &self,
        endpoint: &TokenEndpoint<S>,
        _exchange: &Exchange<'_>,
        authorized: &Authorized<'_>,
        environment: &Arc<EnvironmentView>,
    ) -> Result<PlannedToken, Denial> {
        endpoint.rehearse_mint(authorized, environment)
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// What a request would get that is all there, credentials included: the same as it would if it were sent now.
    ///
    /// To a tenant a client of another one is as if it did not exist (rules S4, S5). Nothing is counted, so whoever lets people call
    /// this must limit how often.
    pub async fn dry_run_request(&self, exchange: &Exchange<'_>, reach: Reach) -> DryRun {
        let request = exchange.dialect.decode(&exchange.raw);
        let in_reach = match request.presented.client_id() {
            Some(client_id) => self.is_in_reach(exchange.environment, client_id, reach).await,
            None => Ok(reach == Reach::Operator || is_nameless(&request.presented)),
        };
        match in_reach {
            Ok(true) => self.rehearse(exchange, &request, None).await,
            Ok(false) => {
                let denial = check_form(exchange, &request, false).err().unwrap_or(Denial::UnknownClient);
                report(exchange, &request, Err(denial.into()))
            }
            Err(denial) => report(exchange, &request, Err(denial.into())),
        }
    }

    /// Why a request was refused, for somebody of this reach; nothing if it is none of theirs to know (rule S5).
    ///
    /// # Errors
    /// The denial of a client that cannot be looked up now.
    pub async fn explain_to(
        &self,
        reach: Reach,
        environment: &EnvironmentName,
        client_id: Option<&ClientId>,
        denial: &Denial,
    ) -> Result<Option<Explanation>, Denial> {
        let may_know = match client_id {
            Some(client_id) => self.is_in_reach(environment, client_id, reach).await?,
            None => reach == Reach::Operator,
        };
        Ok(may_know.then(|| denial.explain()))
    }

    /// Whether a client is there for somebody of this reach. For an operator every name is.
    async fn is_in_reach(&self, environment: &EnvironmentName, id: &ClientId, reach: Reach) -> Result<bool, Denial> {
        match reach {
            Reach::Operator => Ok(true),
            Reach::Tenant(tenant) => {
                let known = self.directory.client(environment, id).await?;
                Ok(known.is_some_and(|known| known.tenant_id == tenant))
            }
        }
    }

    /// Goes through every step.
    pub(super) async fn rehearse(&self, exchange: &Exchange<'_>, request: &TokenRequest, supposed: Option<Supposed>) -> DryRun {
        let run = Rehearsal { supposed };
        let position = self.directory.fresh_position();
        let environment = self.directory.view(exchange.environment).ok_or(Denial::EnvironmentMissing);
        let outcome = match (position, &environment) {
            (Ok(position), Ok(environment)) => self.issue(exchange, request, (environment, position), &run).await,
            (Err(denial), _) => Err(Refused::from(denial)),
            (_, Err(denial)) => Err(Refused::from(denial.clone())),
        };
        report(exchange, request, outcome)
    }
}

fn report(exchange: &Exchange<'_>, request: &TokenRequest, outcome: Result<Issued<PlannedToken>, Refused>) -> DryRun {
    let checks = Check::of(exchange.dialect);
    let named = request.presented.client_id().cloned();
    match outcome {
        Ok(Issued { token, rate, .. }) => DryRun {
            passed: true,
            steps: with_rate(steps(&checks, None), rate),
            explanation: None,
            told: None,
            client_id: named,
            credential_id: token.claims.get("credential_id").and_then(|id| id.as_str()?.parse().ok()),
            token: Some(token),
            denial: None,
        },
        Err(Refused { denial, proved, .. }) => {
            let credential_id = proved.map(|proved| proved.credential);
            let failed = (Check::behind(&denial, request), denial.explain().what);
            DryRun {
                passed: false,
                steps: steps(&checks, Some(&failed)),
                explanation: Some(denial.explain()),
                told: Some(denial.fault().as_str()),
                client_id: named.filter(|_| credential_id.is_some() || denial.is_about_a_client()),
                credential_id,
                token: None,
                denial: Some(denial),
            }
        }
    }
}

/// Whether the request's form alone decides, so that there is nobody whose client it could be.
fn is_nameless(presented: &Presented) -> bool {
    matches!(presented, Presented::Absent | Presented::Malformed | Presented::Repeated)
}

/// Says how many requests are left, where there is a limit.
fn with_rate(mut steps: Vec<DryRunStep>, rate: Option<RateStatus>) -> Vec<DryRunStep> {
    let limits = steps.iter_mut().find(|step| step.check == Check::Limits.name());
    if let (Some(step), Some(rate)) = (limits, rate) {
        step.words = format!("{} {} of {} would be left.", step.words, rate.remaining, rate.limit);
    }
    steps
}
