use mintmark_core::crypto::{ClientSecret, SecretText};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A secret that was made just now, in the one answer that shows it. It does not print otherwise.
#[derive(Clone, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String)]
pub struct ShownSecret(SecretText);

impl ShownSecret {
    /// The secret. It is for the one who made it, and for nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl From<&ClientSecret> for ShownSecret {
    fn from(secret: &ClientSecret) -> Self {
        Self(secret.text().clone())
    }
}

impl From<SecretText> for ShownSecret {
    fn from(secret: SecretText) -> Self {
        Self(secret)
    }
}

impl Serialize for ShownSecret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}
