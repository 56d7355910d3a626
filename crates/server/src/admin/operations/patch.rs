//! Members of a change (RFC 7396): one that is left out stays as it is.

use std::collections::BTreeMap;

use mintmark_core::model::{AttributeValue, Attributes};
use serde::{Deserialize, Deserializer};

/// A member that can also be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patch<T> {
    /// It is `null`: nothing is to be there.
    Remove,
    /// It is to be this.
    Set(T),
}

impl<T> Patch<T> {
    /// Nothing, or what is to be there.
    pub fn into_option(self) -> Option<T> {
        match self {
            Patch::Remove => None,
            Patch::Set(value) => Some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Patch::Remove, Patch::Set))
    }
}

/// Reads a member that is there. Where it may not be `null`, `T` is no option, and `null` is a mistake instead of no change.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Attributes to set, and with `null` to take away.
pub(super) type AttributePatch = BTreeMap<String, Option<AttributeValue>>;

/// Those to set, and those to take away.
pub(super) fn split_attributes(patch: AttributePatch) -> (Attributes, Vec<String>) {
    let (mut set, mut remove) = (Attributes::new(), Vec::new());
    for (name, value) in patch {
        match value {
            Some(value) => drop(set.insert(name, value)),
            None => remove.push(name),
        }
    }
    (set, remove)
}
