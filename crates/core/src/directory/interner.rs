//! Values that many clients have alike, held once.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use super::footprint::Footprint;

/// How much an interner holds, in bytes. What finds no room is not shared: its owner holds it and weighs it.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How many new values come at least between two sweeps.
const SWEEP_EVERY: usize = 1024;
/// What an entry of the table takes at its emptiest: a pointer and a byte for each of the places, of which half are taken.
const TABLE_BYTES: usize = 18;

/// Equal values behind one `Arc`. Those that nobody has any more are swept out as new ones come; the values between two sweeps
/// are at most as many again as were in use, or a thousand.
///
/// The lock is taken when an object is read from the store, never for one that is held.
#[derive(Debug)]
pub(super) struct Interner<T> {
    values: Mutex<Values<T>>,
}

#[derive(Debug)]
struct Values<T> {
    shared: HashSet<Arc<T>>,
    bytes: usize,
    new_until_sweep: usize,
}

/// A value, and whether others may have it too, so that none of them alone is to be charged for it.
#[derive(Debug)]
pub(super) struct Interned<T> {
    pub(super) value: Arc<T>,
    pub(super) is_shared: bool,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { values: Mutex::new(Values { shared: HashSet::new(), bytes: 0, new_until_sweep: SWEEP_EVERY }) }
    }
}

impl<T: Footprint + Eq + Hash> Interner<T> {
    /// The value that is equal to `value`, which it becomes if there is none.
    pub(super) fn share(&self, value: T) -> Interned<T> {
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = values.shared.get(&value) {
            return Interned { value: Arc::clone(known), is_shared: true };
        }
        values.new_until_sweep = values.new_until_sweep.saturating_sub(1);
        if values.new_until_sweep == 0 {
            values.sweep();
        }
        let (bytes, value) = (entry_bytes(&value), Arc::new(value));
        let is_shared = values.bytes + bytes <= MAX_BYTES;
        if is_shared {
            values.bytes += bytes;
            values.shared.insert(Arc::clone(&value));
        }
        Interned { value, is_shared }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.values.lock().unwrap().shared.len()
    }
}

impl<T: Footprint + Eq + Hash> Values<T> {
    /// Lets go of what nobody else has.
    fn sweep(&mut self) {
        self.shared.retain(|value| Arc::strong_count(value) > 1);
        self.bytes = self.shared.iter().map(|value| entry_bytes(&**value)).sum();
        self.new_until_sweep = self.shared.len().max(SWEEP_EVERY);
    }
}

fn entry_bytes<T: Footprint>(value: &T) -> usize {
    value.shared_bytes() + TABLE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Hash)]
    struct Sized(usize, usize);

    impl Footprint for Sized {
        fn owned_bytes(&self) -> usize {
            self.1
        }
    }

    #[test]
    fn equal_values_are_one() {
        let interner = Interner::default();
        let (one, other) = (interner.share(Sized(1, 0)), interner.share(Sized(1, 0)));
        assert!(Arc::ptr_eq(&one.value, &other.value) && one.is_shared && other.is_shared);
        assert!(!Arc::ptr_eq(&one.value, &interner.share(Sized(2, 0)).value));
    }

    #[test]
    fn what_nobody_has_any_more_is_swept_out() {
        let interner = Interner::default();
        let kept: Vec<_> = (0..10).map(|number| interner.share(Sized(number, 0))).collect();
        for number in 10..100_000 {
            interner.share(Sized(number, 0));
            assert!(interner.len() <= SWEEP_EVERY + kept.len());
        }
        assert!((0..10).all(|number| Arc::ptr_eq(&interner.share(Sized(number, 0)).value, &kept[number].value)));
    }

    #[test]
    fn what_finds_no_room_is_its_owners_until_there_is_room_again() {
        let interner = Interner::default();
        let big = MAX_BYTES / 4;
        let kept: Vec<_> = (0..4).map(|number| interner.share(Sized(number, big))).collect();
        assert_eq!(kept.iter().filter(|interned| interned.is_shared).count(), 3);
        let (one, other) = (interner.share(Sized(7, big)), interner.share(Sized(7, big)));
        assert!(!one.is_shared && !other.is_shared && !Arc::ptr_eq(&one.value, &other.value));
        drop(kept);
        let is_shared = (0..2 * SWEEP_EVERY).any(|_| interner.share(Sized(7, big)).is_shared);
        assert!(is_shared, "after a sweep");
    }
}
