//! Credentials that leaked: quarantine first, revocation when the time is over, and the owner is told of each step.
//!
//! Whoever holds a secret can report it. That does no more harm than holding it does: who has it can use it. Quarantine stops one
//! credential; the client's others go on, so that its owner rotates without a break.

mod place;

use self::place::place;
use super::checks::check_name;
use super::revocation::mark;
use super::secret::{MAX_LIVE_SECRETS, check_room};
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::clock::Timestamp;
use crate::crypto::{ClientSecret, SecretShape, SecretText};
use crate::model::{ClientRecord, Credential, EnvironmentName, Leak, LeakId, LeakState, ProofKind, RevocationSubject, Status};
use crate::notice::{Event, Leaked, Notice, clean_text};
use crate::store::{Store, Subject, Write};

/// Of how many credentials with the same last characters a reported secret may be one: a million secrets have two or three such.
const CANDIDATES: u32 = 200;

/// What is done about a secret that was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakPolicy {
    /// Its owner is told, and nothing else follows.
    Observe,
    /// It gives no tokens from now on, and is turned off for ever later.
    Quarantine {
        /// How many seconds later.
        revoke_after: u32,
        /// Whether the tokens that it obtained end now; otherwise they live out their time, until it is turned off for ever.
        end_tokens: bool,
    },
}

/// A report.
#[derive(Clone, Copy, Debug)]
pub struct LeakReport<'a> {
    /// The secret.
    pub secret: &'a SecretText,
    /// Where it was found, as the reporter says.
    pub found_at: &'a str,
    /// Who reports it.
    pub reporter: &'a str,
}

/// What a report changes, with the leak as it then is; or the leak as it is, where nothing is to be changed.
type Reported = Result<(Draft, Option<Leak>), Option<Leak>>;

impl<S: Store> Registry<S> {
    /// Takes the report that a secret leaked. None if it is not one that is in force here; which of the two is nothing that a stranger
    /// may hear. The form of the secret is looked at before anything is read.
    pub async fn report_leak(
        &self,
        report: &LeakReport<'_>,
        policy: impl Fn(&EnvironmentName) -> LeakPolicy,
    ) -> Outcome<Option<Leak>> {
        let Some(environment) = environment_of(report.secret) else { return Ok(None) };
        let Some(found) = self.credential_of(&environment, report.secret).await? else { return Ok(None) };
        let policy = policy(&environment);
        // Nothing is written about one that is in quarantine already: who holds a secret cannot fill the log with it.
        self.update_unless(|| async {
            let record = self.existing_client(&environment, &found.client_id).await?;
            let known = self.store.leak_of(&environment, found.id).await?;
            Ok(self.reported(&record, &found, (report, policy), known))
        })
        .await
    }

    /// Turns the credential of a leak off for ever, now, with its tokens.
    pub async fn revoke_leak(&self, environment: &EnvironmentName, id: LeakId) -> Outcome<Leak> {
        self.update(|| async {
            let (record, leak) = self.open_leak(environment, id).await?;
            let now = self.clock.now();
            let ended = Leak { state: LeakState::Revoked, revoke_at: None, ended_at: Some(now), ..leak.clone() };
            let mut writes = Vec::new();
            if let Some(before) = record.credentials.iter().find(|one| one.id == leak.credential_id) {
                if before.status == Status::Active || before.quarantined_at.is_some() {
                    let version = before.version + 1;
                    let off = Credential { status: Status::Disabled, quarantined_at: None, version, ..before.clone() };
                    writes.push(Write::UpdateCredential(off));
                }
                writes.push(end_tokens(before, now));
            }
            Ok(self.decided("leak.revoke", &leak, ended, writes))
        })
        .await
    }

    /// Lets the credential of a leak be used again, for a reason: the report was wrong, or what leaked is worth nothing where it lies.
    pub async fn release_leak(&self, environment: &EnvironmentName, id: LeakId, reason: &str) -> Outcome<Leak> {
        check_name("reason", reason)?;
        self.update(|| async {
            let (record, leak) = self.open_leak(environment, id).await?;
            let now = self.clock.now();
            let (state, reason) = (LeakState::Released, reason.to_owned());
            let ended = Leak { state, revoke_at: None, ended_at: Some(now), reason, ..leak.clone() };
            let mut writes = Vec::new();
            if leak.state == LeakState::Quarantined {
                let before = record.credentials.iter().find(|one| one.id == leak.credential_id);
                let Some(before) = before.filter(|one| one.quarantined_at.is_some()) else {
                    let why = "the credential was turned off meanwhile, and never comes back; add another one";
                    return Err(RegistryError::NotAllowed(why.to_owned()));
                };
                if before.proof.kind() == ProofKind::Secret {
                    check_room(&record, MAX_LIVE_SECRETS, now)?;
                }
                let version = before.version + 1;
                let on = Credential { status: Status::Active, quarantined_at: None, version, ..before.clone() };
                writes.push(Write::UpdateCredential(on));
                // The client's row too, so that a secret that is added at once cannot pass the count as well.
                let mut client = record.client.clone();
                client.version += 1;
                writes.push(Write::UpdateClient(client));
            }
            Ok(self.decided("leak.release", &leak, ended, writes))
        })
        .await
    }

    /// Turns off for ever what has been in quarantine for long enough. Gives how many; whoever was quicker is no mistake.
    pub async fn revoke_due_leaks(&self, limit: u32) -> Outcome<u64> {
        let mut revoked = 0;
        for leak in self.store.due_leaks(self.clock.now(), limit).await? {
            match self.revoke_leak(&leak.environment, leak.id).await {
                Ok(_) => revoked += 1,
                Err(RegistryError::NotAllowed(_) | RegistryError::NotFound(_) | RegistryError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(revoked)
    }

    /// The credential in force that a secret is, of whichever client.
    async fn credential_of(&self, environment: &EnvironmentName, secret: &SecretText) -> Outcome<Option<Credential>> {
        let hint = ClientSecret::hint_of(secret);
        let candidates = self.store.credentials_hinted(environment, &hint, CANDIDATES).await?;
        let is_it = |one: &Credential| {
            let Some(stored) = one.proof.secret() else { return false };
            self.root_keys.peppers.present(environment, &one.client_id, secret).is(stored, one.id)
        };
        Ok(candidates.into_iter().find(is_it))
    }

    /// What follows from a report, unless nothing does.
    #[expect(clippy::result_large_err, reason = "neither is a failure; both are handed on once")]
    fn reported(
        &self,
        record: &ClientRecord,
        found: &Credential,
        (report, policy): (&LeakReport<'_>, LeakPolicy),
        known: Option<Leak>,
    ) -> Reported {
        let now = self.clock.now();
        let Some(before) = record.credentials.iter().find(|one| one.id == found.id) else { return Err(None) };
        let is_quarantined = before.quarantined_at.is_some();
        if is_quarantined || before.status != Status::Active || before.is_expired(now) {
            return Err(known.filter(|_| is_quarantined));
        }
        let is_repeated = known.as_ref().is_some_and(|leak| leak.state == LeakState::Reported);
        if is_repeated && policy == LeakPolicy::Observe {
            return Err(known);
        }
        let (state, revoke_at) = match policy {
            LeakPolicy::Observe => (LeakState::Reported, None),
            LeakPolicy::Quarantine { revoke_after, .. } => (LeakState::Quarantined, Some(now.plus(revoke_after))),
        };
        let leak = Leak {
            id: known.as_ref().map_or_else(|| LeakId::generate(&*self.random), |leak| leak.id),
            environment: before.environment.clone(),
            tenant_id: record.client.tenant_id,
            client_id: record.client.id.clone(),
            credential_id: before.id,
            hint: before.hint.clone(),
            state,
            reporter: clean_text(report.reporter),
            found_at: place(report.found_at, report.secret),
            reported_at: now,
            revoke_at,
            ended_at: None,
            reason: String::new(),
            version: known.as_ref().map_or(1, |leak| leak.version + 1),
        };
        let mut writes = Vec::new();
        if let LeakPolicy::Quarantine { end_tokens: ends, .. } = policy {
            let version = before.version + 1;
            let (status, quarantined_at) = (Status::Disabled, Some(now));
            writes.push(Write::UpdateCredential(Credential { status, quarantined_at, version, ..before.clone() }));
            writes.extend(ends.then(|| end_tokens(before, now)));
        }
        writes.push(if known.is_some() { Write::UpdateLeak(leak.clone()) } else { Write::InsertLeak(leak.clone()) });
        Ok((self.told("leak.report", known.as_ref(), &leak, writes), Some(leak)))
    }

    async fn open_leak(&self, environment: &EnvironmentName, id: LeakId) -> Outcome<(ClientRecord, Leak)> {
        let leak = self.store.leak(environment, id).await?;
        let leak = leak.ok_or_else(|| RegistryError::NotFound(format!("leak {id} in {environment}")))?;
        if !leak.state.is_open() {
            let why = format!("it is decided already: the credential was {}", leak.state.as_str());
            return Err(RegistryError::NotAllowed(why));
        }
        Ok((self.existing_client(environment, &leak.client_id).await?, leak))
    }

    fn decided(&self, action: &'static str, before: &Leak, after: Leak, mut writes: Vec<Write>) -> (Draft, Leak) {
        let after = Leak { version: before.version + 1, ..after };
        writes.push(Write::UpdateLeak(after.clone()));
        (self.told(action, Some(before), &after, writes), after)
    }

    /// The change of a leak, with its notice.
    fn told(&self, action: &'static str, before: Option<&Leak>, leak: &Leak, mut writes: Vec<Write>) -> Draft {
        let leaked = Leaked::from(leak);
        let event = match leak.state {
            LeakState::Reported => Event::LeakReported(leaked),
            LeakState::Quarantined => Event::LeakQuarantined(leaked),
            LeakState::Released => Event::LeakReleased(leaked),
            LeakState::Revoked => Event::LeakRevoked(leaked),
        };
        let whose = (&leak.environment, Some(leak.tenant_id));
        writes.push(Write::AddNotice(Notice::new(whose, event, self.clock.now(), &*self.random)));
        Draft {
            tenant: Some(leak.tenant_id),
            action,
            subject: Subject::Client { environment: leak.environment.clone(), id: leak.client_id.clone() },
            before: before.and_then(audited),
            after: audited(leak),
            writes,
        }
    }

    /// Like [`Registry::update`], for what may turn out to be nothing to do.
    async fn update_unless<T, F>(&self, attempt: impl Fn() -> F) -> Outcome<T>
    where
        F: Future<Output = Outcome<Result<(Draft, T), T>>>,
    {
        for _ in 0..super::TRIES {
            let (draft, value) = match attempt().await? {
                Ok(change) => change,
                Err(value) => return Ok(value),
            };
            match self.insert(draft, || "such a leak".to_owned()).await {
                Ok(()) => return Ok(value),
                // Somebody reported the same secret at the same time, or changed its client.
                Err(RegistryError::Conflict | RegistryError::Exists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(RegistryError::Conflict)
    }
}

/// The environment that a whole secret names; none for what is none of ours.
fn environment_of(secret: &SecretText) -> Option<EnvironmentName> {
    if ClientSecret::shape_of(secret) != SecretShape::WellFormed {
        return None;
    }
    ClientSecret::place_of(secret)?.parse().ok()
}

fn end_tokens(credential: &Credential, now: Timestamp) -> Write {
    mark(RevocationSubject::Credential { environment: credential.environment.clone(), id: credential.id }, now)
}
