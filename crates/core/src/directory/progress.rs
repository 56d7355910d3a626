use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::model::Position;
use crate::store::{Incarnation, Mark};

/// How far a node has followed the change feed.
///
/// `announced` runs ahead of `applied` while changes are being applied: a cache fill is thrown away if it was read before the
/// announced position, and a token carries the applied one.
#[derive(Debug, Default)]
pub(super) struct Progress {
    announced: AtomicU64,
    applied: AtomicU64,
    head: AtomicU64,
    fresh_at: AtomicU64,
    first: AtomicU64,
    mark: AtomicI64,
    is_unconfirmed: AtomicBool,
    incarnation: Mutex<Option<Incarnation>>,
}

impl Progress {
    pub(super) fn announced(&self) -> Position {
        Position(self.announced.load(Ordering::SeqCst))
    }

    pub(super) fn applied(&self) -> Position {
        Position(self.applied.load(Ordering::SeqCst))
    }

    /// The head of the feed, as it was last read.
    pub(super) fn head(&self) -> Position {
        Position(self.head.load(Ordering::SeqCst))
    }

    pub(super) fn set_head(&self, position: Position) {
        self.head.store(position.0, Ordering::SeqCst);
    }

    /// Where the history that is followed began.
    pub(super) fn first(&self) -> Position {
        Position(self.first.load(Ordering::SeqCst))
    }

    /// Whether nobody has confirmed a restored store yet.
    pub(super) fn is_unconfirmed(&self) -> bool {
        self.is_unconfirmed.load(Ordering::SeqCst)
    }

    /// Takes over what a page of the feed says of its history.
    pub(super) fn set_standing(&self, first: Position, is_unconfirmed: bool) {
        self.first.store(first.0, Ordering::SeqCst);
        self.is_unconfirmed.store(is_unconfirmed, Ordering::SeqCst);
    }

    /// When the last successful poll began, on the boot-time clock, in milliseconds.
    pub(super) fn fresh_at(&self) -> u64 {
        self.fresh_at.load(Ordering::SeqCst)
    }

    pub(super) fn announce(&self, position: Position) {
        self.announced.store(position.0, Ordering::SeqCst);
    }

    /// What was left at the applied position.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.mark.load(Ordering::SeqCst))
    }

    pub(super) fn set_applied(&self, position: Position, mark: Mark) {
        self.mark.store(mark.0, Ordering::SeqCst);
        self.applied.store(position.0, Ordering::SeqCst);
    }

    pub(super) fn set_fresh(&self, boot_milliseconds: u64) {
        self.fresh_at.store(boot_milliseconds, Ordering::SeqCst);
    }

    pub(super) fn is_other_history(&self, incarnation: &Incarnation) -> bool {
        self.incarnation.lock().unwrap_or_else(PoisonError::into_inner).as_ref() != Some(incarnation)
    }

    /// Which history is followed.
    pub(super) fn history(&self) -> Option<Incarnation> {
        self.incarnation.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Which history is followed from now on; none while everything is read anew.
    pub(super) fn set_history(&self, incarnation: Option<Incarnation>) {
        *self.incarnation.lock().unwrap_or_else(PoisonError::into_inner) = incarnation;
    }
}
