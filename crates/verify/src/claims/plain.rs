//! Claims in the form in which Mintmark writes them. All others are read by serde.

use serde_json::{Map, Value};

use super::{Audience, Claims};
use crate::plain::{self, Plain, fill};

/// The claims as they are found, still part of the text.
#[derive(Default)]
struct Found<'a> {
    iss: Option<&'a str>,
    sub: Option<&'a str>,
    aud: Option<Plain<'a>>,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
    jti: Option<&'a str>,
    client_id: Option<&'a str>,
    scope: Option<&'a str>,
    tenant_id: Option<&'a str>,
    business_id: Option<&'a str>,
    credential_id: Option<&'a str>,
    pos: Option<u64>,
    extra: Map<String, Value>,
}

impl Claims {
    /// The claims that serde would read from `bytes`, or `None`: whether they are good then is serde's to say.
    pub(crate) fn read_plain(bytes: &[u8]) -> Option<Self> {
        let mut found = Found::default();
        plain::read(bytes, |name, value| found.take(name, value))?;
        found.finish()
    }
}

impl<'a> Found<'a> {
    fn take(&mut self, name: &'a str, value: Plain<'a>) -> Option<()> {
        match name {
            "iss" => fill(&mut self.iss, value.text()?),
            "sub" => fill(&mut self.sub, value.text()?),
            "aud" => fill(&mut self.aud, value),
            "exp" => fill(&mut self.exp, value.number()?),
            "nbf" => fill(&mut self.nbf, value.number()?),
            "iat" => fill(&mut self.iat, value.number()?),
            "jti" => fill(&mut self.jti, value.text()?),
            "client_id" => fill(&mut self.client_id, value.text()?),
            "scope" => fill(&mut self.scope, value.text()?),
            "tenant_id" => fill(&mut self.tenant_id, value.text()?),
            "business_id" => fill(&mut self.business_id, value.text()?),
            "credential_id" => fill(&mut self.credential_id, value.text()?),
            "pos" => fill(&mut self.pos, value.number()?),
            // An object, and so not plain.
            "cnf" => None,
            _ => self.extra.insert(name.to_owned(), value.into()).is_none().then_some(()),
        }
    }

    fn finish(self) -> Option<Claims> {
        Some(Claims {
            iss: self.iss?.to_owned(),
            sub: self.sub?.to_owned(),
            aud: match self.aud? {
                Plain::Text(one) => Audience::One(one.to_owned()),
                Plain::Texts(many) => Audience::Many(many.into_iter().map(str::to_owned).collect()),
                Plain::Number(_) | Plain::Flag(_) => return None,
            },
            exp: self.exp?,
            nbf: self.nbf,
            iat: self.iat?,
            jti: self.jti?.to_owned(),
            client_id: self.client_id?.to_owned(),
            scope: self.scope.map(str::to_owned),
            tenant_id: self.tenant_id.map(str::to_owned),
            business_id: self.business_id.map(str::to_owned),
            credential_id: self.credential_id.map(str::to_owned),
            pos: self.pos,
            cnf: None,
            extra: self.extra,
        })
    }
}

impl From<Plain<'_>> for Value {
    fn from(plain: Plain<'_>) -> Self {
        match plain {
            Plain::Text(text) => text.into(),
            Plain::Texts(texts) => texts.into(),
            Plain::Number(number) => number.into(),
            Plain::Flag(flag) => flag.into(),
        }
    }
}
