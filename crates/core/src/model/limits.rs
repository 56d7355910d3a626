//! What a credential may be used for, where that is less than what its client may do.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{BusinessId, IpNetwork, ScopeSet, ScopeToken};
use crate::clock::Timestamp;

/// Constraints of one credential. Each narrows what the client may do, none adds to it; where there is none, the client's own rights
/// hold. What the credential obtains is within both, whichever was changed last.
///
/// It is read from a JSON object. A kind of constraint that this program does not know is an error, since to leave it out would be to
/// lift it; and so is an array, which would do for a struct of which every member may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
pub struct CredentialLimits {
    /// It proves the client only to requests from one of these; from everywhere if there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<IpNetwork>,
    /// Before this second it proves nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Its tokens carry these scopes at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<ScopeSet>,
    /// Its tokens are each scoped to one of these businesses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub businesses: Option<Vec<BusinessId>>,
}

impl Serialize for CredentialLimits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The derived one: an inherent function comes before a trait's.
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for CredentialLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Map::deserialize(deserializer)?;
        Self::deserialize(Value::Object(object)).map_err(serde::de::Error::custom)
    }
}

impl CredentialLimits {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it may be used from an address.
    pub fn permits_source(&self, source: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(source))
    }

    /// Whether its time has come.
    pub fn has_begun(&self, now: Timestamp) -> bool {
        self.not_before.is_none_or(|start| start <= now)
    }

    /// Whether its tokens may carry a scope, as far as it is concerned.
    pub fn permits_scope(&self, scope: &ScopeToken) -> bool {
        self.scopes.as_ref().is_none_or(|allowed| allowed.iter().any(|one| one == scope))
    }

    /// Whether its tokens may be scoped to a business, as far as it is concerned.
    pub fn permits_business(&self, id: BusinessId) -> bool {
        self.businesses.as_ref().is_none_or(|allowed| allowed.contains(&id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    fn full() -> CredentialLimits {
        CredentialLimits {
            networks: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            not_before: Some(Timestamp(100)),
            scopes: Some(ScopeSet::parse("ledger:read report:read").unwrap()),
            businesses: Some(vec![BusinessId::generate(&SeededRandom::new(1))]),
        }
    }

    #[test]
    fn no_limits_permit_everything_and_are_written_as_nothing() {
        let none = CredentialLimits::default();
        assert!(none.is_none() && none.permits_source("192.0.2.1".parse().unwrap()) && none.has_begun(Timestamp(i64::MIN)));
        assert!(none.permits_scope(&"read".parse().unwrap()) && none.permits_business(BusinessId::none()));
        assert_eq!(serde_json::to_string(&none).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<CredentialLimits>("{}").unwrap(), none);
    }

    #[test]
    fn each_limit_permits_what_it_names_and_nothing_else() {
        let full = full();
        for (source, expected) in [("10.9.8.7", true), ("::ffff:10.9.8.7", true), ("2001:db8::1", true), ("192.0.2.1", false)] {
            assert_eq!(full.permits_source(source.parse().unwrap()), expected, "{source}");
        }
        assert_eq!([99, 100, 101].map(|now| full.has_begun(Timestamp(now))), [false, true, true]);
        for (scope, expected) in [("ledger:read", true), ("report:read", true), ("ledger", false), ("ledger:create", false)] {
            assert_eq!(full.permits_scope(&scope.parse().unwrap()), expected, "{scope}");
        }
        assert!(full.permits_business(full.businesses.as_ref().unwrap()[0]) && !full.permits_business(BusinessId::none()));
        assert!(!full.is_none());
    }

    #[test]
    fn limits_are_read_as_they_were_written() {
        let text = serde_json::to_string(&full()).unwrap();
        assert_eq!(serde_json::from_str::<CredentialLimits>(&text).unwrap(), full());
        let empty = CredentialLimits { businesses: Some(Vec::new()), ..CredentialLimits::default() };
        let text = serde_json::to_string(&empty).unwrap();
        assert_eq!(serde_json::from_str::<CredentialLimits>(&text).unwrap(), empty, "none at all is not the same as no limit");
    }

    #[test]
    fn a_limit_that_is_not_known_and_what_is_no_object_is_refused() {
        for text in [r#"{"countries":["DE"]}"#, r#"{"networks":["10.0.0.1/8"]}"#, r#"{"scopes":["a b"]}"#, "[]", "null", "7"] {
            assert!(serde_json::from_str::<CredentialLimits>(text).is_err(), "{text}");
        }
    }
}
