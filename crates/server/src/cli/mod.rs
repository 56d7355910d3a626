//! The command line: one file for each subcommand.
//!
//! Exit codes: 0 done, 1 refused or failed (the reason on standard error), 2 not understood, 3 asked what there is to do, and found
//! something.

mod assertion;
mod audit;
mod backup;
mod business;
mod check;
mod client;
mod configuration;
mod credential;
mod dev;
mod dialect;
mod doctor;
mod entitlement;
mod environment;
mod explain;
mod fetch;
mod import;
mod init;
mod inspect;
mod key;
mod leak;
mod local_proxy;
mod management_client;
mod member;
mod migrate;
mod output;
mod place;
mod port_holder;
mod progress;
mod quota;
mod reference;
mod refusals;
mod reseal;
mod resource;
mod revoke;
mod secret;
mod serve;
mod shadow;
mod tenant;
mod time;
mod token;
mod usage;
mod webhook;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use output::Output;
use place::Place;

/// An OAuth 2.0 authorization server for machines that speaks your existing token endpoint's wire format.
#[derive(Parser, Debug)]
#[command(name = "mintmark", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Start here: mintmark dev")]
struct Cli {
    #[command(flatten)]
    shared: Shared,
    #[command(subcommand)]
    command: Command,
}

/// Options of every subcommand.
#[derive(Args, Debug, Clone)]
struct Shared {
    /// Print JSON instead of text.
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// The configuration of a server made by `mintmark init` [default: mintmark.toml, if there is one].
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "data_dir", help_heading = "Everywhere")]
    config: Option<PathBuf>,
    /// The data folder of `mintmark dev` [default: mintmark-data].
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    data_dir: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a server to try things out: embedded database, two environments, a demo client for each dialect.
    #[command(after_help = "Example: mintmark dev --port-base 9000 --data-dir /tmp/try")]
    Dev(dev::DevArgs),
    /// Run a server.
    #[command(after_help = "Example: mintmark serve --config /etc/mintmark/mintmark.toml")]
    Serve,
    /// Make the configuration, the root keys and the database of a server.
    #[command(after_help = "Example: mintmark init /etc/mintmark --environment production=https://auth.example.com")]
    Init(init::InitArgs),
    /// Fetch an access token as a client does, in any dialect.
    #[command(after_help = "Example: mintmark token --dialect standard --scope 'ledger:read'")]
    Token(token::TokenArgs),
    /// Decode an access token and verify it.
    #[command(after_help = "Example: mintmark token | mintmark inspect -")]
    Inspect(inspect::InspectArgs),
    /// Say in words why requests are refused, what a client would get, or what a token is worth.
    #[command(after_help = "Example: mintmark explain assertion_expired
         mintmark explain --client cli_… --dialect standard --scope 'ledger:read'
         mintmark token | mintmark explain --token -")]
    Explain(explain::ExplainArgs),
    #[command(flatten)]
    Registry(RegistryCommand),
    /// Dialects: the wire formats of token endpoints.
    #[command(subcommand, after_help = "Example: mintmark dialect show standard")]
    Dialect(dialect::DialectCommand),
    /// Stand before an existing token endpoint and before Mintmark, compare their answers, and move clients from one to the other.
    ///
    /// Clients that Mintmark does not have are served by the existing endpoint. What is turned off in Mintmark is refused.
    #[command(
        after_help = "Example: mintmark shadow --upstream https://api.example.com --mintmark http://127.0.0.1:8080 --move-percent 5"
    )]
    Shadow(shadow::ShadowArgs),
    /// Write everything to one sealed file, while the server runs.
    #[command(after_help = "Example: mintmark backup /var/backups/mintmark-monday")]
    Backup(backup::BackupArgs),
    /// Read a backup into an empty store.
    #[command(after_help = "Example: mintmark restore /var/backups/mintmark-monday")]
    Restore(backup::RestoreArgs),
    /// Bring the database's schema up to date; a server does so too when it starts.
    #[command(after_help = "Example: mintmark migrate --plan")]
    Migrate(migrate::MigrateArgs),
    /// Copy everything to another database, such as from a file to PostgreSQL. A copy that broke off goes on when run again.
    #[command(
        after_help = "Example: mintmark migrate-store --from sqlite://mintmark.db --to postgres://mintmark@127.0.0.1/mintmark"
    )]
    MigrateStore(migrate::MigrateStoreArgs),
    /// Look for what is wrong, or soon will be: each line says ok, warn or fail, and what to do.
    #[command(after_help = "Example: mintmark doctor --config /etc/mintmark/mintmark.toml")]
    Doctor,
    /// Check the configuration and all that it names, without serving.
    #[command(after_help = "Example: mintmark check --config mintmark.toml")]
    Check(check::CheckArgs),
}

/// The commands that read or change the store.
#[derive(Subcommand, Debug)]
enum RegistryCommand {
    /// Environments: isolated issuers.
    #[command(subcommand, after_help = "Example: mintmark environment list")]
    Environment(environment::EnvironmentCommand),
    /// Tenants: customer organisations.
    #[command(subcommand, after_help = "Example: mintmark tenant create 'Acme Ltd'")]
    Tenant(tenant::TenantCommand),
    /// Businesses that tenants act for.
    #[command(subcommand, after_help = "Example: mintmark business create --environment sandbox 'Blue Bakery'")]
    Business(business::BusinessCommand),
    /// OAuth clients.
    #[command(
        subcommand,
        after_help = "Example: mintmark client create billing --environment sandbox --dialect standard --scope 'ledger:read'"
    )]
    Client(client::ClientCommand),
    /// Keys, certificates and trusted issuers of clients, in place of secrets.
    #[command(subcommand, after_help = "Example: mintmark credential add cli_… --jwk public-key.json")]
    Credential(credential::CredentialCommand),
    /// Secrets of clients.
    #[command(subcommand, after_help = "Example: mintmark secret add cli_… --environment sandbox --expires-in 90d")]
    Secret(secret::SecretCommand),
    /// End tokens before they expire, without turning anything off: new ones can be obtained.
    ///
    /// Turning off a client, secret, business or tenant ends its tokens too.
    #[command(after_help = "Example: mintmark revoke --client cli_… --environment production")]
    Revoke(revoke::RevokeArgs),
    /// Secrets that were reported as leaked: quarantined first, turned off for ever when the time is over.
    #[command(subcommand, after_help = "Example: mintmark leak list")]
    Leak(leak::LeakCommand),
    /// Endpoints that are told of what happens: secrets that expire or leak, rotations, quotas, refused addresses.
    #[command(subcommand, after_help = "Example: mintmark webhook add https://hooks.example.com/mintmark")]
    Webhook(webhook::WebhookCommand),
    /// Bring along clients from another server, with their ids and secrets.
    #[command(
        after_help = "Example: mintmark import hydra clients.json --environment production --tenant 'Acme Ltd' --dry-run"
    )]
    Import(import::ImportArgs),
    /// Resources and the scopes they understand.
    #[command(subcommand, after_help = "Example: mintmark resource create https://api.example.com --scope 'ledger:read'")]
    Resource(resource::ResourceCommand),
    /// Signing keys.
    #[command(subcommand, after_help = "Example: mintmark key list")]
    Key(key::KeyCommand),
    /// Seal anew, under the master key that stands first, what rests in the database under others, so that these can be taken out.
    #[command(after_help = "Example: mintmark reseal --check")]
    Reseal(reseal::ResealArgs),
    /// Write all that an environment is told to be as one TOML file, without secrets.
    #[command(after_help = "Example: mintmark export --environment sandbox -o sandbox.toml")]
    Export(configuration::ExportArgs),
    /// Bring an environment to what a file of `mintmark export` says.
    #[command(after_help = "Example: mintmark apply sandbox.toml --diff")]
    Apply(configuration::ApplyArgs),
    /// The audit log: who changed what, in chains that show when somebody tampered with them.
    #[command(subcommand, after_help = "Example: mintmark audit list --tenant 'Acme Ltd' --from 7d")]
    Audit(audit::AuditCommand),
    /// How many tokens tenants, clients and businesses may be given.
    #[command(subcommand, after_help = "Example: mintmark quota set --tenant 'Acme Ltd' --per-day 100000")]
    Quota(quota::QuotaCommand),
    /// How many token requests there were, of whom, and what became of them.
    #[command(after_help = "Example: mintmark usage --by tenant --last 7d")]
    Usage(usage::UsageArgs),
    /// Why token requests were refused: by request id, or the last ones.
    #[command(after_help = "Example: mintmark refusals --client cli_…")]
    Refusals(refusals::RefusalsArgs),
    /// People who sign in to manage the server.
    #[command(subcommand, after_help = "Example: mintmark member add ann@example.com --role admin")]
    Member(member::MemberCommand),
    /// Programs that use the management API.
    #[command(subcommand, after_help = "Example: mintmark management-client create terraform --role developer")]
    ManagementClient(management_client::ManagementClientCommand),
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
struct Failure(String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// What a command gives back.
type Done = Result<Output, Failure>;

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    serve::harden();
    // The first random number of a process takes some 50 ms to gather; meanwhile the database is opened.
    let warm_up = std::thread::spawn(|| mintmark_core::random::Random::fill(&mintmark_core::random::SystemRandom, &mut [0]));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("mintmark: the runtime could not be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let json = cli.shared.json;
    let done = runtime.block_on(run(cli));
    let _ = warm_up.join();
    match done {
        Ok(output) => output.print(json),
        Err(Failure(message)) => {
            if json {
                println!("{}", serde_json::json!({ "error": message }));
            } else {
                eprintln!("mintmark: {message}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Done {
    let Cli { shared, command } = cli;
    match command {
        Command::Dev(args) => dev::run(&shared, args).await,
        // In a box: it is larger than all other commands.
        Command::Serve => Box::pin(serve::run(&shared)).await,
        Command::Init(args) => init::run(&shared, args).await,
        Command::Token(args) => token::run(&shared, args).await,
        Command::Inspect(args) => inspect::run(&shared, args).await,
        Command::Explain(args) => explain::run(&shared, args).await,
        Command::Dialect(command) => dialect::run(&shared, command).await,
        Command::Shadow(args) => shadow::run(&shared, &args).await,
        Command::Backup(args) => backup::run_backup(&shared, &args).await,
        Command::Restore(args) => backup::run_restore(&shared, &args).await,
        Command::Migrate(args) => migrate::run(&shared, &args).await,
        Command::MigrateStore(args) => migrate::run_store(&shared, &args).await,
        Command::Doctor => doctor::run(&shared).await,
        Command::Check(args) => check::run(&shared, &args).await,
        Command::Registry(command) => {
            let place = Place::open(&shared).await?;
            let done = run_on(&place, command, &shared).await;
            place.close().await;
            done
        }
    }
}

async fn run_on(place: &Place, command: RegistryCommand, shared: &Shared) -> Done {
    match command {
        RegistryCommand::Environment(command) => environment::run(place, command).await,
        RegistryCommand::Tenant(command) => tenant::run(place, command).await,
        RegistryCommand::Business(command) => business::run(place, command, shared.json).await,
        RegistryCommand::Client(command) => client::run(place, command).await,
        RegistryCommand::Credential(command) => credential::run(place, shared, command).await,
        RegistryCommand::Secret(command) => secret::run(place, command).await,
        RegistryCommand::Revoke(args) => revoke::run(place, args).await,
        RegistryCommand::Leak(command) => leak::run(place, shared, command).await,
        RegistryCommand::Webhook(command) => webhook::run(place, command).await,
        RegistryCommand::Import(args) => import::run(place, args).await,
        RegistryCommand::Resource(command) => resource::run(place, command).await,
        RegistryCommand::Key(command) => key::run(place, command).await,
        RegistryCommand::Export(args) => configuration::run_export(place, shared, args).await,
        RegistryCommand::Apply(args) => configuration::run_apply(place, shared, args).await,
        RegistryCommand::Reseal(args) => reseal::run(place, &args).await,
        RegistryCommand::Audit(command) => audit::run(place, command, shared.json).await,
        RegistryCommand::Quota(command) => quota::run(place, command).await,
        RegistryCommand::Usage(args) => usage::run(place, args).await,
        RegistryCommand::Refusals(args) => refusals::run(place, args).await,
        RegistryCommand::Member(command) => member::run(place, command).await,
        RegistryCommand::ManagementClient(command) => management_client::run(place, command).await,
    }
}
