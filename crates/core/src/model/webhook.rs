//! Endpoints that are told notices, and what came of telling them.

use serde::Serialize;

use super::{EnvironmentName, NoticeId, Status, TenantId, WebhookId};
use crate::clock::Timestamp;
use crate::notice::NoticeKind;

/// An endpoint that is told notices of one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// Its identifier.
    pub id: WebhookId,
    /// The environment.
    pub environment: EnvironmentName,
    /// Whose it is: it is told what concerns this tenant; none for the operator's, which is told everything of the environment.
    pub tenant_id: Option<TenantId>,
    /// Where it is: an `https` URL.
    pub url: String,
    /// What it is told; everything, if there is nothing here.
    pub kinds: Vec<NoticeKind>,
    /// One that is turned off is told nothing.
    pub status: Status,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many notices it was not told because too many others waited to be. No change: it has no version.
    pub dropped: u64,
    /// Counts the changes made by people.
    pub version: u64,
}

impl Webhook {
    /// Whether it is to be told of a kind.
    pub fn wants(&self, kind: NoticeKind) -> bool {
        self.status == Status::Active && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }
}

/// How far telling has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// There is going to be a try, the first or another.
    Waiting,
    /// The endpoint has said that it has it.
    Delivered,
    /// Nobody tries any more.
    Failed,
}

impl DeliveryState {
    /// The word for it, in the store and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Failed => "failed",
        }
    }

    /// The state that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Delivered, Self::Failed].into_iter().find(|state| state.as_str() == word)
    }
}

/// One notice for one endpoint. Of an answer nothing is kept but its status (rule S21).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The endpoint.
    pub webhook_id: WebhookId,
    /// The notice.
    pub notice_id: NoticeId,
    /// The notice's kind.
    pub kind: NoticeKind,
    /// How far it has come.
    pub state: DeliveryState,
    /// When there was something to tell.
    pub made_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// When the next try is due, if there is going to be one.
    pub next_at: Timestamp,
    /// When it was last tried.
    pub last_at: Option<Timestamp>,
    /// The status of the last answer; 0 if there was none.
    pub answer: Option<u16>,
}
