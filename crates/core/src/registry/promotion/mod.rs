//! Promotion: a client as it was tried out in one environment is made, or brought up to date, in another.
//!
//! It is reviewed first: the plan lists each difference, and has a digest. To apply it is to name the digest; what somebody changed
//! meanwhile makes another digest, and nothing is done. No credential is ever promoted: what proves a client in one environment must
//! prove nothing in another. Nor is a quota: it is a matter of contract that the operator sets in each environment, and whoever edits
//! clients could widen one by it.

mod difference;
mod mapping;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;

pub use difference::Difference;

use super::checks::invalid;
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::model::{Client, ClientId, EnvironmentName, Quota, QuotaSubject};
use crate::store::{EnvironmentRecord, Store, Subject, Write};

/// What a promotion would do, for review. There is nothing secret in it.
#[derive(Clone, Debug, Serialize)]
pub struct PromotionPlan {
    /// The client, of one name in both environments.
    pub client_id: ClientId,
    /// Where it is taken from.
    pub from: EnvironmentName,
    /// Where it is brought to.
    pub to: EnvironmentName,
    /// Whether it is made there; it then needs a credential of its own before it gets tokens.
    pub creates: bool,
    /// What changes there; nothing if it is as it shall be.
    pub differences: Vec<Difference>,
    /// What stays behind.
    pub blocked: Vec<Blocked>,
    /// Why none of it can be done, if that is so.
    pub refusal: Option<String>,
    /// What to name to apply exactly this: SHA-256 in hexadecimal.
    pub digest: String,
    #[serde(skip)]
    before: Option<Client>,
    #[serde(skip)]
    after: Client,
}

impl PromotionPlan {
    /// The client as it is where it is brought to; none where it is made there.
    pub fn before(&self) -> Option<&Client> {
        self.before.as_ref()
    }

    /// The client as it shall be there.
    pub fn after(&self) -> &Client {
        &self.after
    }
}

/// Something that a promotion leaves behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Blocked {
    /// What.
    pub what: String,
    /// Why, and what to do about it.
    pub why: String,
}

/// What became of applying a plan.
#[derive(Clone, Debug, Serialize)]
pub struct Promoted {
    /// The plan, as it was found when it was applied.
    pub plan: PromotionPlan,
    /// The client where it was brought to.
    pub client: Client,
    /// Whether anything was changed: not if it was as it should be already.
    pub changed: bool,
}

impl<S: Store> Registry<S> {
    /// What a promotion of a client would do.
    pub async fn promotion_plan(
        &self,
        client_id: &ClientId,
        from: &EnvironmentName,
        to: &EnvironmentName,
    ) -> Outcome<PromotionPlan> {
        if from == to {
            return invalid("to", "another environment than the one it is taken from");
        }
        let source = self.existing_client(from, client_id).await?.client;
        let environments = (self.existing_environment(from).await?, self.existing_environment(to).await?);
        let found = self.store.client_record(to, client_id).await?.value.map(|record| record.client);
        // Of another tenant's client of that name nothing is told but that the name is taken (rule S4).
        let is_taken = found.as_ref().is_some_and(|client| client.tenant_id != source.tenant_id);
        let before = found.filter(|_| !is_taken);
        let (after, blocked) = self.mapped((&source, before.as_ref()), (&environments.0, &environments.1)).await?;
        let refusal = if is_taken {
            Some(format!("the client_id is taken in {to}"))
        } else {
            refusal(self.check_promoted(&after).await)?
        };
        Ok(plan((from, &environments.1), (before, after), blocked, refusal))
    }

    /// Applies the plan of a digest, or refuses if it would be another one by now. Where nothing is left to change, nothing is changed.
    pub async fn promote(
        &self,
        client_id: &ClientId,
        (from, to): (&EnvironmentName, &EnvironmentName),
        digest: &str,
    ) -> Outcome<Promoted> {
        let plan = self.promotion_plan(client_id, from, to).await?;
        if plan.differences.is_empty() && plan.refusal.is_none() {
            let client = plan.before.clone().unwrap_or_else(|| plan.after.clone());
            return Ok(Promoted { plan, client, changed: false });
        }
        self.update(|| async {
            let plan = self.promotion_plan(client_id, from, to).await?;
            if let Some(why) = &plan.refusal {
                return Err(RegistryError::NotAllowed(why.clone()));
            }
            if plan.digest != digest {
                let why =
                    "that is not the plan as it is now: something was changed since; review the new plan and name its digest";
                return Err(RegistryError::NotAllowed(why.to_owned()));
            }
            let (draft, client) = promotion_draft(&plan, self.clock.now());
            Ok((draft, Promoted { plan, client, changed: true }))
        })
        .await
    }

    /// The client as it shall be where it is brought to, and what stays behind.
    async fn mapped(
        &self,
        (source, target): (&Client, Option<&Client>),
        (from, to): (&EnvironmentRecord, &EnvironmentRecord),
    ) -> Outcome<(Client, Vec<Blocked>)> {
        let mut blocked = Vec::new();
        let grants = mapping::grants(source, (from, to), &mut blocked);
        let serves = mapping::served(source, (from, to), &mut blocked);
        let businesses = self.mapped_businesses(source, &to.environment.name, &mut blocked).await?;
        blocked.extend(self.quota_left_behind((source, target), &to.environment.name).await?);
        let after = Client {
            environment: to.environment.name.clone(),
            status: target.map_or(source.status, |target| target.status),
            created_at: target.map_or(Timestamp(0), |target| target.created_at),
            version: target.map_or(0, |target| target.version),
            grants,
            serves,
            businesses,
            ..source.clone()
        };
        Ok((after, blocked))
    }

    /// The client's quota, where it has one here and none there: nobody is to believe that it came along.
    async fn quota_left_behind(
        &self,
        (source, target): (&Client, Option<&Client>),
        to: &EnvironmentName,
    ) -> Outcome<Option<Blocked>> {
        let subject = QuotaSubject::Client(source.id.clone());
        let Some(here) = self.store.quota(&source.environment, &subject).await? else { return Ok(None) };
        // Another tenant's client of that name may have one, which is nobody else's business (rule S4).
        if target.is_some() && self.store.quota(to, &subject).await?.is_some() {
            return Ok(None);
        }
        let why =
            format!("each environment has quotas of its own, and {to} has none for the client; the operator sets it there");
        Ok(Some(Blocked { what: format!("quota of {}", said(&here)), why }))
    }
}

/// A quota as a line says it.
fn said(quota: &Quota) -> String {
    let each = quota.limits.each().map(|(step, limit)| format!("{limit} in a {}", step.as_str()));
    each.collect::<Vec<_>>().join(", ")
}

/// Why it cannot be done, where that is not the store's fault.
fn refusal(checked: Outcome<()>) -> Outcome<Option<String>> {
    match checked {
        Ok(()) => Ok(None),
        Err(RegistryError::Store(error)) => Err(RegistryError::Store(error)),
        Err(refused) => Ok(Some(refused.to_string())),
    }
}

fn plan(
    (from, to): (&EnvironmentName, &EnvironmentRecord),
    (before, after): (Option<Client>, Client),
    blocked: Vec<Blocked>,
    refusal: Option<String>,
) -> PromotionPlan {
    PromotionPlan {
        client_id: after.id.clone(),
        from: from.clone(),
        to: to.environment.name.clone(),
        creates: before.is_none(),
        differences: difference::between(before.as_ref(), &after, &to.resources),
        digest: digest_of(from, (before.as_ref(), &after), (&blocked, refusal.as_deref())),
        blocked,
        refusal,
        before,
        after,
    }
}

/// Over all that the plan says, and the clients themselves: two that differ anywhere have different digests. A client's version is left
/// out, since it counts what does not matter here too, such as a new secret.
fn digest_of(
    from: &EnvironmentName,
    (before, after): (Option<&Client>, &Client),
    (blocked, refusal): (&[Blocked], Option<&str>),
) -> String {
    let without_version = |client: &Client| Client { version: 0, ..client.clone() };
    let all = (from, before.map(without_version), without_version(after), blocked, refusal);
    // What cannot be written has no digest, and so is never applied.
    let text = serde_json::to_vec(&all).unwrap_or_default();
    let hash = digest(&SHA256, &text);
    hash.as_ref().iter().fold(String::new(), |mut text, byte| {
        let digit = |four: u8| char::from_digit(u32::from(four), 16).unwrap_or_default();
        text.extend([digit(byte >> 4), digit(byte & 15)]);
        text
    })
}

fn promotion_draft(plan: &PromotionPlan, now: Timestamp) -> (Draft, Client) {
    let mut client = Client { version: plan.after.version + 1, ..plan.after.clone() };
    if plan.creates {
        client.created_at = now;
    }
    let write = if plan.creates { Write::InsertClient(client.clone()) } else { Write::UpdateClient(client.clone()) };
    let draft = Draft {
        tenant: Some(client.tenant_id),
        action: "client.promote",
        subject: Subject::Client { environment: plan.to.clone(), id: client.id.clone() },
        before: plan.before.as_ref().and_then(audited),
        after: audited(&client),
        writes: vec![write],
    };
    (draft, client)
}
