//! `mintmark resource`

use clap::Subcommand;
use mintmark_core::model::{
    EnvironmentName, KeyState, Resource, ResourceUri, ScopeDefinition, ScopeSet, ScopeToken, TokenFormat,
};
use mintmark_core::registry::{NewResource, ResourceEdit};
use mintmark_core::store::Store;
use mintmark_verify::Algorithm;
use serde_json::json;

use super::environment::make_key;
use super::output::{Output, words};
use super::place::Place;
use super::{Done, Failure};

#[derive(Subcommand, Debug)]
pub(super) enum ResourceCommand {
    /// List resources.
    #[command(after_help = "Example: mintmark resource list")]
    List {
        /// Only this environment's.
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
    /// Make a resource.
    #[command(after_help = "Example: mintmark resource create https://api.example.com --scope 'ledger:read'")]
    Create {
        /// The absolute URI that requests name and tokens carry as `aud`.
        uri: ResourceUri,
        /// What people call it [default: the URI].
        #[arg(long)]
        name: Option<String>,
        /// Its scopes, separated by spaces, in the catalogue's order.
        #[arg(long, value_parser = parse_scopes)]
        scope: Option<ScopeSet>,
        /// The algorithm of its tokens.
        #[arg(long)]
        algorithm: Option<Algorithm>,
        /// The form of its tokens: jwt or opaque [default: the dialect's].
        #[arg(long, value_parser = parse_format)]
        token_format: Option<TokenFormat>,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
    /// Change a resource.
    #[command(after_help = "Example: mintmark resource update --add-scope 'ledger:create'")]
    Update {
        /// Its URI; the environment's own where none is named.
        uri: Option<ResourceUri>,
        /// Scopes to add, separated by spaces.
        #[arg(long, value_parser = parse_scopes)]
        add_scope: Option<ScopeSet>,
        /// Scopes to take away, separated by spaces.
        #[arg(long, value_parser = parse_scopes)]
        remove_scope: Option<ScopeSet>,
        /// What people call it.
        #[arg(long)]
        name: Option<String>,
        /// The form of its tokens: jwt or opaque.
        #[arg(long, value_parser = parse_format)]
        token_format: Option<TokenFormat>,
        /// The environment [default: the only one, or sandbox].
        #[arg(long)]
        environment: Option<EnvironmentName>,
    },
}

fn parse_format(text: &str) -> Result<TokenFormat, String> {
    TokenFormat::from_word(text).ok_or_else(|| "expected jwt or opaque".to_owned())
}

/// Scopes on the command line.
pub(super) fn parse_scopes(text: &str) -> Result<ScopeSet, String> {
    ScopeSet::parse(text)
        .map_err(|_| "expected scopes with single spaces between them, such as 'ledger:read ledger:create'".to_owned())
}

pub(super) async fn run(place: &Place, command: ResourceCommand) -> Done {
    match command {
        ResourceCommand::List { environment } => {
            let all = place.store.environments().await?.value;
            let resources: Vec<Resource> = all
                .into_iter()
                .filter(|record| environment.as_ref().is_none_or(|name| *name == record.environment.name))
                .flat_map(|record| record.resources)
                .collect();
            Ok(show(&resources))
        }
        ResourceCommand::Create { uri, name, scope, algorithm, token_format, environment } => {
            let record = place.environment(environment.as_ref()).await?;
            let environment = record.environment.name;
            if let Some(algorithm) = algorithm
                && !record.keys.iter().any(|key| key.algorithm == algorithm && key.state == KeyState::Active)
            {
                place.registry.add_signing_key(make_key(place, &environment, algorithm, KeyState::Active).await?).await?;
            }
            let name = name.unwrap_or_else(|| uri.to_string());
            let scopes = definitions(scope.as_ref());
            let new = NewResource { environment, uri, name, scopes, algorithm, token_format };
            Ok(show(&[place.registry.create_resource(new).await?]))
        }
        ResourceCommand::Update { uri, add_scope, remove_scope, name, token_format, environment } => {
            let environment = place.environment(environment.as_ref()).await?.environment;
            let uri = match uri {
                Some(uri) => uri,
                None => environment.issuer.parse().map_err(|error| Failure(format!("the issuer is no resource: {error}")))?,
            };
            let remove_scopes: Vec<ScopeToken> = remove_scope.iter().flat_map(|set| set.iter().cloned()).collect();
            let edit = ResourceEdit {
                add_scopes: definitions(add_scope.as_ref()),
                remove_scopes,
                name,
                token_format,
                ..ResourceEdit::default()
            };
            Ok(show(&[place.registry.edit_resource(&environment.name, &uri, &edit).await?]))
        }
    }
}

pub(super) fn definitions(scopes: Option<&ScopeSet>) -> Vec<ScopeDefinition> {
    let define = |name: &ScopeToken| ScopeDefinition { name: name.clone(), description: String::new() };
    scopes.map(|set| set.iter().map(define).collect()).unwrap_or_default()
}

fn show(resources: &[Resource]) -> Output {
    let rows = resources.iter().map(|resource| {
        vec![
            resource.environment.to_string(),
            resource.uri.to_string(),
            resource.name.clone(),
            words(resource.scopes.iter().map(|scope| &scope.name)),
            resource.algorithm.map_or_else(|| "-".to_owned(), |algorithm| algorithm.to_string()),
            resource.token_format.map_or("-", TokenFormat::as_str).to_owned(),
        ]
    });
    Output::table(&["ENVIRONMENT", "URI", "NAME", "SCOPES", "ALGORITHM", "TOKENS"], rows.collect(), json!(resources))
}
