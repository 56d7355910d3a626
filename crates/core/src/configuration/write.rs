//! The parts as tables of TOML. What has its default is left out.

use mintmark_verify::Algorithm;
use serde_json::Value;

use super::blocks::{Block, Text, quoted};
use super::{
    BusinessPart, ClientPart, Configuration, CredentialPart, DialectPart, EntitlementPart, EnvironmentPart, Grants, ProofPart,
    QuotaPart, ResourcePart, TenantPart,
};
use crate::clock::Timestamp;
use crate::model::{
    AssertionAudience, AttributeValue, Attributes, BusinessAccess, Profile, QuotaMode, ScopeDefinition, Status, TokenBinding,
    TokenFormat,
};

/// The form of the file. A program that knows another one refuses it.
pub(super) const FORMAT: i64 = 1;

impl Configuration {
    /// The file: the same for the same configuration, whatever the order in which it came to be.
    pub fn to_toml(&self) -> String {
        let mut text =
            format!("# A configuration of Mintmark: `mintmark apply` brings an instance to it.\nformat = {FORMAT}\n");
        self.environment.block().render(&mut text);
        self.dialects.iter().for_each(|part| part.block().render(&mut text));
        self.resources.iter().for_each(|part| part.block().render(&mut text));
        self.tenants.iter().for_each(|part| part.block().render(&mut text));
        self.businesses.iter().for_each(|part| part.block().render(&mut text));
        self.clients.iter().for_each(|part| part.block().render(&mut text));
        text
    }
}

impl EnvironmentPart {
    pub(crate) fn block(&self) -> Block {
        let block = Block::table("environment").text("name", self.name.as_str()).text("algorithm", self.algorithm.as_str());
        block.bare("lifetime_max", Some(self.lifetime_max))
    }
}

impl DialectPart {
    fn block(&self) -> Block {
        let block = Block::item("dialect").text("name", self.name.as_str()).text("file", &self.file);
        block.maybe("sha256", self.sha256.as_ref())
    }
}

impl ResourcePart {
    pub(crate) fn block(&self) -> Block {
        let block = Block::item("resource").text("uri", &self.uri.to_string()).text("name", &self.name);
        let block = block.maybe("algorithm", self.algorithm.map(Algorithm::as_str));
        let block = block.maybe("token_format", self.token_format.map(TokenFormat::as_str));
        block.with("scopes", Text::Tall(self.scopes.iter().map(scope).collect()))
    }
}

fn scope(scope: &ScopeDefinition) -> String {
    let name = quoted(scope.name.as_str());
    if scope.description.is_empty() {
        return format!("{{ name = {name} }}");
    }
    format!("{{ name = {name}, description = {} }}", quoted(&scope.description))
}

impl TenantPart {
    pub(crate) fn block(&self) -> Block {
        let block = Block::item("tenant").text("id", &self.id.to_string()).text("name", &self.name);
        let block = status(block, self.status).below(attributes("tenant.attributes", &self.attributes));
        let block = block.below(self.entitlement.block());
        quota(block, "tenant.quota", self.quota.as_ref())
    }
}

impl EntitlementPart {
    fn block(&self) -> Block {
        let block = Block::table("tenant.entitlement").some_texts("dialects", &self.dialects);
        let block = block.bare("lifetime_max", self.lifetime_max);
        block.below(grants("tenant.entitlement.grants", &self.grants))
    }
}

impl BusinessPart {
    pub(crate) fn block(&self) -> Block {
        let block = Block::item("business").text("id", &self.id.to_string()).text("tenant", &self.tenant.to_string());
        let block = block.text("name", &self.name).maybe("external_id", self.external_id.as_ref());
        quota(status(block, self.status), "business.quota", self.quota.as_ref())
    }
}

/// With its quota below it, if there is one.
fn quota(block: Block, path: &str, quota: Option<&QuotaPart>) -> Block {
    let Some(QuotaPart { limits, mode, headers }) = quota else { return block };
    let table = Block::table(path).bare("per_minute", limits.per_minute).bare("per_hour", limits.per_hour);
    let table = table.bare("per_day", limits.per_day).maybe("mode", other_than_usual(*mode, QuotaMode::as_str));
    block.below(table.bare("headers", headers.then_some(true)))
}

impl ClientPart {
    /// The client's own table, with its credentials below it.
    pub(crate) fn block(&self) -> Block {
        let block = Block::item("client").text("id", self.id.as_str()).text("tenant", &self.tenant.to_string());
        let block = status(block.text("name", &self.name), self.status).texts("dialects", &self.dialects);
        let block = match &self.businesses {
            BusinessAccess::All => block.text("businesses", "all"),
            BusinessAccess::Only(ids) => block.texts("businesses", ids),
        };
        let block = block.bare("lifetime_max", self.lifetime_max);
        let block = block.maybe("token_binding", other_than_usual(self.token_binding, TokenBinding::as_str));
        let block = block.maybe("assertion_audience", other_than_usual(self.assertion_audience, AssertionAudience::as_str));
        let block = block.maybe("profile", self.profile.map(Profile::as_str)).some_texts("serves", &self.serves);
        let block = block.below(attributes("client.attributes", &self.attributes));
        let block = block.below(grants("client.grants", &self.grants));
        let block = quota(block, "client.quota", self.quota.as_ref());
        self.credentials.iter().fold(block, |block, credential| block.below(credential.block()))
    }
}

fn other_than_usual<T: Default + PartialEq + Copy>(value: T, word: impl Fn(T) -> &'static str) -> Option<&'static str> {
    (value != T::default()).then(|| word(value))
}

impl CredentialPart {
    pub(crate) fn block(&self) -> Block {
        let block = Block::item("client.credential").text("id", &self.id.to_string());
        let block = block.text("kind", self.proof.kind().as_str()).maybe("expires_at", self.expires_at.map(moment));
        let block = block.some_texts("networks", &self.limits.networks);
        let block = block.maybe("not_before", self.limits.not_before.map(moment));
        let block = match &self.limits.scopes {
            Some(scopes) => block.texts("scopes", &scopes.iter().collect::<Vec<_>>()),
            None => block,
        };
        let block = match &self.limits.businesses {
            Some(businesses) => block.texts("businesses", businesses),
            None => block,
        };
        match &self.proof {
            ProofPart::Secret | ProofPart::SharedKey => block,
            ProofPart::Public(proof) => match proof.details() {
                Some(Value::Object(details)) => details.iter().fold(block, |block, (key, value)| detail(block, key, value)),
                _ => block,
            },
        }
    }
}

/// What the store keeps as JSON. Objects are tables below; what is `false` is left out, as it is by default.
fn detail(block: Block, key: &str, value: &Value) -> Block {
    match value {
        Value::Null | Value::Bool(false) => block,
        Value::Object(members) => {
            let table = Block::table(format!("client.credential.{key}"));
            block.below(members.iter().fold(table, |table, (key, value)| table.with(key, Text::One(value_text(value)))))
        }
        value => block.with(key, Text::One(value_text(value))),
    }
}

/// A scalar. JSON's numbers and words are TOML's too.
fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), quoted)
}

fn status(block: Block, status: Status) -> Block {
    block.maybe("status", (status != Status::Active).then(|| status.as_str()))
}

fn attributes(path: &str, attributes: &Attributes) -> Block {
    let line =
        |block: Block, (name, value): (&String, &AttributeValue)| block.with(name, Text::One(value_text(&value.to_json())));
    attributes.iter().fold(Block::table(path), line)
}

fn grants(path: &str, grants: &Grants) -> Block {
    grants.iter().fold(Block::table(path), |block, (resource, scopes)| block.texts(&resource.to_string(), scopes))
}

/// A moment as RFC 3339 writes it.
pub(crate) fn moment(moment: Timestamp) -> String {
    let moment = moment.writable();
    jiff::Timestamp::from_second(moment.0).map_or_else(|_| moment.0.to_string(), |moment| moment.to_string())
}
