//! Who is signed in. A session is read from the store at each call, with its member and the member's tenant, so that what ends any of
//! them is in force at once (rule S1).

use super::error::refused;
use super::texts::{digest_of, new_token};
use super::{Authority, Managed, Management, ManagementError, Permission, Principal, Visitor};
use crate::clock::Timestamp;
use crate::crypto::SecretText;
use crate::model::{Member, MemberId, SensitiveAction, Session, SessionId, Status};
use crate::registry::{Actor, Outcome, RegistryError};
use crate::store::{SessionsToEnd, Store, StoreError};

/// How many sessions a member has at most; of more, the oldest end.
const SESSIONS_MAX: usize = 20;
/// For how many seconds it is not noted again that a session is used.
const SEEN_EVERY: u32 = 60;

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub member: Member,
    /// Where.
    pub session: Session,
    /// What they may do.
    pub authority: Authority,
}

impl SignedIn {
    /// Refuses a sensitive action unless they showed for it, within the last ten minutes, who they are (rule S24).
    pub fn check_stepped_up(&self, action: SensitiveAction, now: Timestamp) -> Managed<()> {
        if self.session.is_stepped_up_for(action, now) { Ok(()) } else { Err(ManagementError::StepUpNeeded(action)) }
    }
}

/// A session that just began, or got another token. This is the one time that the token is shown.
#[derive(Debug)]
pub struct NewSession {
    /// What the browser sends from now on.
    pub token: SecretText,
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub member: Member,
}

impl<S: Store> Management<S> {
    /// Who is signed in with a token.
    pub async fn session(&self, token: &SecretText, now: Timestamp) -> Result<Option<SignedIn>, StoreError> {
        let store = &*self.registry.store;
        let Some(digest) = digest_of(token) else { return Ok(None) };
        let Some(session) = store.session(&digest).await?.filter(|session| !session.is_over(now)) else { return Ok(None) };
        let Some(member) = store.member(session.member_id).await? else { return Ok(None) };
        let Some(authority) = member.authority() else { return Ok(None) };
        if let Some(tenant) = member.tenant_id {
            let tenant = store.tenant(tenant).await?;
            if tenant.is_none_or(|tenant| tenant.status != Status::Active) {
                return Ok(None);
            }
        }
        if now >= session.last_seen_at.plus(SEEN_EVERY) {
            store.session_seen(session.id, now).await?;
        }
        Ok(Some(SignedIn { member, session, authority }))
    }

    /// Ends one's own session.
    pub async fn sign_out(&self, signed_in: &SignedIn) -> Managed<()> {
        let which = SessionsToEnd::One(signed_in.session.id);
        Ok(self.registry.end_sessions(signed_in.member.id, which).await?)
    }

    /// The sessions of a member that are not over: one's own, or those of a member that one may change. The latest first.
    pub async fn sessions_of(&self, by: &Authority, member: MemberId) -> Managed<Vec<Session>> {
        self.check_sessions_of(by, member).await?;
        let now = self.registry.clock.now();
        let mut sessions = self.registry.store.sessions_of(member).await?;
        sessions.retain(|session| !session.is_over(now));
        Ok(sessions)
    }

    /// Ends sessions of a member: one's own, or those of a member that one may change.
    pub async fn end_sessions(&self, by: &Authority, member: MemberId, which: SessionsToEnd) -> Managed<()> {
        self.check_sessions_of(by, member).await?;
        Ok(self.registry.end_sessions(member, which).await?)
    }

    async fn check_sessions_of(&self, by: &Authority, member: MemberId) -> Managed<()> {
        if by.principal() == Principal::Member(member) {
            return Ok(());
        }
        self.member_to_change(by, member, Permission::EditMembers).await.map(|_| ())
    }

    /// A session that is to begin.
    pub(super) fn new_session(&self, member_id: MemberId, visitor: Visitor<'_>) -> (SecretText, Session) {
        let (token, digest) = new_token(&*self.registry.random);
        let now = self.registry.clock.now();
        let shown = visitor.user_agent.chars().filter(|one| !one.is_control()).take(Session::USER_AGENT_MAX);
        let session = Session {
            id: SessionId::generate(&*self.registry.random),
            digest,
            member_id,
            created_at: now,
            last_seen_at: now,
            expires_at: now.plus(Session::LIFETIME),
            step_up: None,
            source: visitor.source,
            user_agent: shown.collect(),
            version: 1,
        };
        (token, session)
    }

    /// Signs a member in who has proved who they are. `edit` uses up what they proved it with, and refuses what was used meanwhile.
    pub(super) async fn start_session(
        &self,
        member: &Member,
        visitor: Visitor<'_>,
        edit: impl Fn(&mut Member) -> Outcome<()>,
    ) -> Managed<NewSession> {
        let registry = self.registry.acting_as(self.actor_of(member.id, visitor));
        if registry.is_tenant_active(member.tenant_id).await? != Some(true) {
            return Err(ManagementError::Refused);
        }
        let (token, session) = self.new_session(member.id, visitor);
        let over = self.sessions_to_drop(member.id).await?;
        let standing = |member: &mut Member| {
            let is_active = member.authority().is_some();
            if is_active { edit(member) } else { Err(RegistryError::NotAllowed("the member is disabled".to_owned())) }
        };
        let member = registry.begin_session(&session, &over, standing).await.map_err(refused)?;
        Ok(NewSession { token, session, member })
    }

    /// Who signs in, as the audit names them: nobody knew before who sent the request.
    pub(super) fn actor_of(&self, member: MemberId, visitor: Visitor<'_>) -> Actor {
        let request_id = self.registry.actor.request_id.clone();
        Actor { who: member.to_string(), source: visitor.source, request_id }
    }

    /// The sessions that are over, and the oldest of too many.
    async fn sessions_to_drop(&self, member: MemberId) -> Managed<Vec<SessionId>> {
        let now = self.registry.clock.now();
        let sessions = self.registry.store.sessions_of(member).await?;
        let is_to_go = |(number, session): &(usize, &Session)| session.is_over(now) || *number + 1 >= SESSIONS_MAX;
        Ok(sessions.iter().enumerate().filter(is_to_go).map(|(_, session)| session.id).collect())
    }
}
