//! What has to change. Everything is checked before anything is changed, and each mistake is told with its place in the file.

use std::collections::BTreeMap;

use mintmark_verify::Algorithm;
use serde::Serialize;

use super::state::State;
use crate::clock::Timestamp;
use crate::configuration::{Block, ConfigurationFile, DialectPart, MAX_MISTAKES, ResourceName, Step, differences};
use crate::crypto::ClientSecret;
use crate::document::{Diagnostic, Diagnostics};
use crate::keys::algorithms_of;
use crate::model::{
    Business, Client, ClientId, Credential, CredentialId, EnvironmentName, Grant, KeyState, ProofKind, ResourceUri,
};
use crate::registry::client::{NewGrant, resolve_grant};
use crate::registry::{Difference, Draft, Outcome, Registry, RegistryError, audited, business, checks, client};
use crate::store::{EnvironmentRecord, Store, Subject, Write};

/// What is asked for besides the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanOptions {
    /// Whether what the environment has and the file does not name is turned off.
    pub prune: bool,
    /// Whether secrets that the file names and the environment does not have are made.
    pub new_secrets: bool,
    /// Whether it is told what differs in each object. For a hundred thousand of them that takes much memory.
    pub differences: bool,
}

/// What has to change for an environment to be what a file says.
#[derive(Debug, Serialize)]
pub struct ConfigurationPlan {
    /// Where.
    pub environment: EnvironmentName,
    /// The changes, in the order in which they are made.
    pub changes: Vec<PlannedChange>,
    /// What a file cannot do, and what to do about it.
    pub notes: Vec<String>,
    /// The secrets that come into force with the changes. This is the one time that they are shown.
    #[serde(skip)]
    pub secrets: Vec<NewSecret>,
    /// Algorithms that tokens will be signed with and for which there is no key: these are to be made first. Each is among the
    /// changes too.
    #[serde(skip)]
    pub algorithms: Vec<Algorithm>,
}

/// A secret or shared key that a plan makes.
#[derive(Debug)]
pub struct NewSecret {
    /// Whose.
    pub client_id: ClientId,
    /// Its identifier.
    pub credential_id: CredentialId,
    /// A secret or a shared key.
    pub kind: ProofKind,
    /// The secret.
    pub secret: ClientSecret,
}

/// What is done to one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedAction {
    /// It is made.
    Create,
    /// It is changed.
    Change,
    /// It is turned off, or what it gives is taken away, since the file does not name it.
    Prune,
}

/// One object that changes.
#[derive(Debug, Serialize)]
pub struct PlannedChange {
    /// What is done.
    pub action: PlannedAction,
    /// What kind of object it is, such as `client`.
    pub kind: &'static str,
    /// Which, as the file names it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What differs, by the keys of the file; nothing where it was not asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    #[serde(skip)]
    pub(super) deed: Deed,
}

/// What is done to an object. Of the objects that there may be very many of, its audit row is made when its turn comes: it is some
/// times as large as they are.
#[derive(Debug)]
pub(super) enum Deed {
    Drafts(Vec<Draft>),
    CreateBusiness(Business),
    CreateClient(Box<Client>, Vec<Credential>),
    EditClient(Box<(Client, Client)>, Timestamp),
}

impl Deed {
    pub(super) fn count(&self) -> usize {
        match self {
            Deed::Drafts(drafts) => drafts.len(),
            Deed::CreateBusiness(_) | Deed::CreateClient(..) | Deed::EditClient(..) => 1,
        }
    }

    /// With one more change after it, if there is one.
    pub(super) fn and(self, more: Option<Draft>) -> Self {
        match more {
            Some(more) => Deed::Drafts(self.drafts().into_iter().chain([more]).collect()),
            None => self,
        }
    }

    pub(super) fn drafts(self) -> Vec<Draft> {
        match self {
            Deed::Drafts(drafts) => drafts,
            Deed::CreateBusiness(business) => vec![business::create_draft(&business)],
            Deed::CreateClient(client, credentials) => vec![super::clients::create_draft(&client, &credentials)],
            Deed::EditClient(clients, at) => vec![client::edit_draft(&clients.0, &clients.1, at)],
        }
    }
}

/// A plan that is being made.
pub(super) struct Planner<'a, S> {
    pub(super) registry: &'a Registry<S>,
    pub(super) file: &'a ConfigurationFile,
    pub(super) options: PlanOptions,
    pub(super) now: Timestamp,
    pub(super) state: State,
    /// The environment as it will be, by which grants are read.
    pub(super) record: EnvironmentRecord,
    pub(super) mistakes: Diagnostics,
    pub(super) plan: ConfigurationPlan,
}

impl<S: Store> Registry<S> {
    /// What has to change for an environment to be what a file says, or the file's mistakes. Nothing is changed. `dialects` are those
    /// of files, as they are here.
    pub async fn configuration_plan(
        &self,
        file: &ConfigurationFile,
        dialects: &[DialectPart],
        options: PlanOptions,
    ) -> Outcome<Result<ConfigurationPlan, Vec<Diagnostic>>> {
        let environment = file.configuration.environment.name.clone();
        let state = match self.configuration_state(&environment).await {
            Ok(state) => state,
            Err(RegistryError::NotFound(what)) => {
                let why = format!("there is no {what}; `mintmark environment create` makes one");
                return Ok(Err(vec![file.place(&[Step::Key("environment"), Step::Key("name")]).diagnose(why)]));
            }
            Err(error) => return Err(error),
        };
        let plan = ConfigurationPlan {
            environment,
            changes: Vec::new(),
            notes: Vec::new(),
            secrets: Vec::new(),
            algorithms: Vec::new(),
        };
        let (record, mistakes, now) = (state.record.clone(), Diagnostics::default(), self.clock.now());
        let mut planner = Planner { registry: self, file, options, now, state, record, mistakes, plan };
        planner.plan_all(dialects);
        let Planner { mistakes, plan, .. } = planner;
        Ok(if mistakes.is_empty() { Ok(plan) } else { Err(mistakes.into_sorted()) })
    }
}

impl<S: Store> Planner<'_, S> {
    fn plan_all(&mut self, dialects: &[DialectPart]) {
        self.check_dialect_files(dialects);
        self.plan_environment();
        self.plan_resources();
        self.plan_tenants();
        self.plan_businesses();
        self.plan_clients();
        if self.options.prune {
            self.prune_clients();
            self.prune_businesses();
            self.prune_resources();
        }
        let has_key = |algorithm: &Algorithm| {
            self.record.keys.iter().any(|key| key.algorithm == *algorithm && key.state == KeyState::Active)
        };
        let mut missing = algorithms_of(&self.record, &self.registry.dialects);
        missing.retain(|algorithm| !has_key(algorithm));
        self.plan_keys(&missing);
        self.plan.algorithms = missing;
    }

    /// Keys are made by whoever applies the plan, before its changes; they are among them, since they are signed with from then on.
    fn plan_keys(&mut self, missing: &[Algorithm]) {
        let others = self.plan.changes.len();
        for algorithm in missing {
            let name = algorithm.as_str();
            let block = Block::table("signing_key").text("algorithm", name).text("state", KeyState::Active.as_str());
            self.change(("signing_key", name.to_owned(), String::new()), (None, &block), Deed::Drafts(Vec::new()));
        }
        self.plan.changes.rotate_left(others);
    }

    /// Files of dialects are brought along by other means; here it is only seen that they have been.
    fn check_dialect_files(&mut self, known: &[DialectPart]) {
        for (at, wanted) in self.file.configuration.dialects.iter().enumerate() {
            let way = |key| [Step::Key("dialect"), Step::Item(at), Step::Key(key)];
            match known.iter().find(|one| one.name == wanted.name) {
                None => self.mistake(
                    &way("name"),
                    format!("there is no dialect {} here; copy {} into the folder of dialects", wanted.name, wanted.file),
                ),
                Some(found) if wanted.sha256.is_some() && wanted.sha256 != found.sha256 => {
                    let (name, here) = (&wanted.name, found.sha256.as_deref().unwrap_or_default());
                    self.mistake(
                        &way("sha256"),
                        format!(
                            "the dialect {name} is another one here, of the SHA-256 {here}; copy the file, or take its digest"
                        ),
                    );
                }
                Some(_) => {}
            }
        }
    }

    fn plan_environment(&mut self) {
        let wanted = &self.file.configuration.environment;
        let before = self.state.record.environment.clone();
        let part = super::parts::environment(&before);
        if *wanted == part {
            return;
        }
        if wanted.algorithm != before.algorithm {
            let why = format!("the algorithm of an environment is decided when it is made: {} here", before.algorithm);
            return self.mistake(&[Step::Key("environment"), Step::Key("algorithm")], why);
        }
        let mut after = before.clone();
        (after.lifetime_max, after.version) = (wanted.lifetime_max, before.version + 1);
        let draft = Draft {
            tenant: None,
            action: "environment.edit",
            subject: Subject::Environment { environment: after.name.clone() },
            before: audited(&before),
            after: audited(&after),
            writes: vec![Write::UpdateEnvironment(after.clone())],
        };
        self.change(
            ("environment", after.name.to_string(), String::new()),
            (Some(&part.block()), &wanted.block()),
            Deed::Drafts(vec![draft]),
        );
    }

    /// Notes a mistake at a place of the file, as long as there are not too many.
    pub(super) fn mistake(&self, way: &[Step<'_>], message: impl Into<String>) {
        if self.mistakes.len() < MAX_MISTAKES {
            self.mistakes.report(self.file.place(way), message);
        }
    }

    /// What a rule says, where it refuses as a mistake: at the key that it is about, if it names one.
    pub(super) fn told<T>(&self, way: &[Step<'_>], outcome: Outcome<T>) -> Option<T> {
        let error = match outcome {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let mut way = way.to_vec();
        if let RegistryError::Invalid { field, .. } = &error {
            way.push(Step::Key(field));
        }
        self.mistake(&way, error.to_string());
        None
    }

    /// Plans that an object is made or changed.
    pub(super) fn change(
        &mut self,
        (kind, id, name): (&'static str, String, String),
        (before, after): (Option<&Block>, &Block),
        deed: Deed,
    ) {
        let action = if before.is_some() { PlannedAction::Change } else { PlannedAction::Create };
        let differences = if self.options.differences { differences(before, Some(after)) } else { Vec::new() };
        self.plan.changes.push(PlannedChange { action, kind, id, name, differences, deed });
    }

    /// Plans that an object is pruned.
    pub(super) fn prune(&mut self, (kind, id, name): (&'static str, String, String), drafts: Vec<Draft>) {
        let (action, deed) = (PlannedAction::Prune, Deed::Drafts(drafts));
        self.plan.changes.push(PlannedChange { action, kind, id, name, differences: Vec::new(), deed });
    }

    /// The URI of a resource here.
    pub(super) fn uri_of(&self, name: &ResourceName) -> Option<ResourceUri> {
        match name {
            ResourceName::At(uri) => Some(uri.clone()),
            ResourceName::Own => self.record.environment.issuer.parse().ok(),
        }
    }

    /// Grants as they are stored, by the rules for grants.
    pub(super) fn resolved(&self, way: &[Step<'_>], grants: &crate::configuration::Grants) -> Option<Vec<Grant>> {
        let mut resolved = Vec::with_capacity(grants.len());
        for (name, scopes) in grants {
            let grant = NewGrant { resource: self.uri_of(name), scopes: scopes.clone() };
            let key = name.to_string();
            resolved.push(self.told(&[way, &[Step::Key(&key)]].concat(), resolve_grant(&self.record, &grant))?);
        }
        Some(resolved)
    }

    /// Sees that nothing is there twice, and gives where each is.
    pub(super) fn index<K: Ord + ToString>(&self, list: &'static str, keys: impl Iterator<Item = K>) -> BTreeMap<K, usize> {
        let mut index = BTreeMap::new();
        for (at, key) in keys.enumerate() {
            let id = if list == "resource" { "uri" } else { "id" };
            let text = key.to_string();
            if let Some(first) = index.insert(key, at) {
                let first = self.file.place(&[Step::Key(list), Step::Item(first)]).diagnose(String::new()).line;
                let message = format!("{text} is there twice, first in line {first}");
                self.mistake(&[Step::Key(list), Step::Item(at), Step::Key(id)], message);
            }
        }
        index
    }

    /// The rules that hold for attributes of all kinds of objects.
    pub(super) fn check_attributes(&self, way: &[Step<'_>], attributes: &crate::model::Attributes) -> Option<()> {
        self.told(way, checks::check_attributes(attributes))
    }
}
