//! Endpoints that are told notices.

use super::checks::{check_version, invalid};
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::model::{EnvironmentName, Status, TenantId, Webhook, WebhookId};
use crate::notice::{Event, Notice, NoticeKind};
use crate::store::{Handed, Page, Store, Subject, Write};

/// How many endpoints a tenant, or the operator, has in an environment.
pub const MAX_WEBHOOKS: u32 = 10;
/// The longest URL, in bytes: what requests are made to.
const MAX_URL: usize = 2048;

/// What to change of an endpoint; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookEdit {
    /// Where it is.
    pub url: Option<String>,
    /// What it is told; everything, if the list is empty.
    pub kinds: Option<Vec<NoticeKind>>,
    /// Whether it is told anything.
    pub status: Option<Status>,
    /// The version that the caller saw. Any, where none is named.
    pub version: Option<u64>,
}

impl<S: Store> Registry<S> {
    /// Has an endpoint told what concerns a tenant in an environment; of the operator's own, all that happens there.
    pub async fn add_webhook(
        &self,
        environment: &EnvironmentName,
        tenant_id: Option<TenantId>,
        url: &str,
        kinds: &[NoticeKind],
    ) -> Outcome<Webhook> {
        let url = check_url(url)?;
        let kinds = check_kinds(kinds)?;
        self.existing_environment(environment).await?;
        if let Some(tenant) = tenant_id {
            self.existing_tenant(tenant).await?;
        }
        // The store holds the cap; the look at it here is for who is to be told of it.
        self.update(|| async {
            let page = Page { after: None, limit: MAX_WEBHOOKS };
            if self.store.webhooks(environment, Some(tenant_id), page).await?.len() >= MAX_WEBHOOKS as usize {
                let why = format!("there are {MAX_WEBHOOKS} endpoints already; remove one first");
                return Err(RegistryError::NotAllowed(why));
            }
            let webhook = Webhook {
                id: WebhookId::generate(&*self.random),
                environment: environment.clone(),
                tenant_id,
                url: url.clone(),
                kinds: kinds.clone(),
                status: Status::Active,
                created_at: self.clock.now(),
                dropped: 0,
                version: 1,
            };
            Ok((draft("webhook.create", (None, Some(&webhook)), Write::InsertWebhook(webhook.clone())), webhook))
        })
        .await
    }

    /// Changes an endpoint. Turned off, it is told nothing of what waits for it, also when it is on again.
    pub async fn edit_webhook(&self, environment: &EnvironmentName, id: WebhookId, edit: &WebhookEdit) -> Outcome<Webhook> {
        let url = edit.url.as_deref().map(check_url).transpose()?;
        let kinds = edit.kinds.as_deref().map(check_kinds).transpose()?;
        self.update(|| async {
            let before = self.existing_webhook(environment, id).await?;
            check_version(edit.version, before.version)?;
            let after = Webhook {
                url: url.clone().unwrap_or_else(|| before.url.clone()),
                kinds: kinds.clone().unwrap_or_else(|| before.kinds.clone()),
                status: edit.status.unwrap_or(before.status),
                version: before.version + 1,
                ..before.clone()
            };
            Ok((draft("webhook.edit", (Some(&before), Some(&after)), Write::UpdateWebhook(after.clone())), after))
        })
        .await
    }

    /// Removes an endpoint with its deliveries.
    pub async fn remove_webhook(&self, environment: &EnvironmentName, id: WebhookId) -> Outcome<Webhook> {
        self.update(|| async {
            let before = self.existing_webhook(environment, id).await?;
            Ok((draft("webhook.remove", (Some(&before), None), Write::DeleteWebhook(before.clone())), before))
        })
        .await
    }

    /// Tells one endpoint a notice that says nothing, so that its receiver can be tried out.
    pub async fn test_webhook(&self, environment: &EnvironmentName, id: WebhookId) -> Outcome<Notice> {
        let webhook = self.existing_webhook(environment, id).await?;
        let whose = (&webhook.environment, webhook.tenant_id);
        let notice = Notice::new(whose, Event::Test, self.clock.now(), &*self.random);
        let why = match self.store.add_notice_for(&notice, id).await? {
            Handed::Over => return Ok(notice),
            Handed::Full => "too many notices wait for the endpoint; see to its receiver first",
            Handed::Off => "the endpoint is turned off; turn it on first",
        };
        Err(RegistryError::NotAllowed(why.to_owned()))
    }

    async fn existing_webhook(&self, environment: &EnvironmentName, id: WebhookId) -> Outcome<Webhook> {
        let found = self.store.webhook(environment, id).await?;
        found.ok_or_else(|| RegistryError::NotFound(format!("endpoint {id} in {environment}")))
    }
}

/// What can be told from the text alone. What it leads to is looked at before each request (rule S21).
fn check_url(url: &str) -> Outcome<String> {
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'"' | b'<' | b'>'));
    let rest = url.strip_prefix("https://").unwrap_or_default();
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    if is_plain && url.len() <= MAX_URL && !host.is_empty() && !host.contains('@') {
        return Ok(url.to_owned());
    }
    let expected = "a URL of at most 2048 characters that begins with https:// and has no user, password or fragment";
    invalid("url", expected)
}

fn check_kinds(kinds: &[NoticeKind]) -> Outcome<Vec<NoticeKind>> {
    let mut kinds = kinds.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.contains(&NoticeKind::Test) {
        return invalid("kinds", "kinds of notices; webhook.test goes to whichever endpoint is tried out");
    }
    Ok(kinds)
}

/// Endpoints are news to nobody but those who deliver, and these read the store: the change is about the tenant, or the environment.
fn draft(action: &'static str, (before, after): (Option<&Webhook>, Option<&Webhook>), write: Write) -> Draft {
    let of = before.or(after);
    let tenant = of.and_then(|webhook| webhook.tenant_id);
    let environment = of.map(|webhook| Subject::Environment { environment: webhook.environment.clone() });
    let subject = tenant.map(|id| Subject::Tenant { id }).or(environment).unwrap_or(Subject::Store);
    Draft { tenant, action, subject, before: before.and_then(audited), after: after.and_then(audited), writes: vec![write] }
}
