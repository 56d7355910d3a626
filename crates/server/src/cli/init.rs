//! `mintmark init`

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use mintmark_core::model::{Environment, EnvironmentName};
use mintmark_core::registry::NewEnvironment;
use mintmark_core::store::Store;
use mintmark_verify::Algorithm;
use serde_json::json;

use super::environment::create;
use super::output::Output;
use super::place::{CONFIG_FILE, Files, Place, make_private_folder, write_private};
use super::{Done, Failure, Shared};
use crate::config::{Config, Variables};

const DEFAULT_FOLDER: &str = ".";
const DEFAULT_PORT: u16 = 8080;

#[derive(Args, Debug)]
pub(super) struct InitArgs {
    /// The folder to make it in; with --config, what that configuration names is made instead.
    #[arg(default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
    /// An environment and its issuer URL; may be repeated.
    #[arg(long, value_name = "NAME=ISSUER", value_parser = parse_environment, required = true)]
    environment: Vec<(EnvironmentName, String)>,
    /// A PostgreSQL database to keep everything in, so that several nodes can serve it
    /// [default: the SQLite file mintmark.db in the folder].
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The first environment's port; each next one has the next port.
    #[arg(long, default_value_t = DEFAULT_PORT)]
    port: u16,
}

fn parse_environment(text: &str) -> Result<(EnvironmentName, String), String> {
    let (name, issuer) = text.split_once('=').ok_or("expected NAME=ISSUER, such as production=https://auth.example.com")?;
    Ok((name.parse().map_err(|error| format!("{name:?}: {error}"))?, issuer.to_owned()))
}

pub(super) async fn run(shared: &Shared, args: InitArgs) -> Done {
    if let Some(path) = &shared.config {
        return make_what_is_configured(path, &args).await;
    }
    if shared.data_dir.is_some() {
        return Err(Failure("say where as `mintmark init DIR`; --data-dir is for `mintmark dev`".to_owned()));
    }
    let config_path = args.folder.join(CONFIG_FILE);
    if config_path.exists() {
        return Err(Failure(format!("{} exists already; nothing was changed", config_path.display())));
    }
    make_private_folder(&args.folder)?;
    let text = configuration(&args)?;
    let config = Config::parse(&config_path.display().to_string(), text.clone(), &args.folder, &Variables::none())
        .map_err(|mistakes| super::place::mistakes_of(&mistakes))?;
    let files = Files::of_config(&config)?;
    files.ensure_root_keys()?;
    let place = Place::open_files(&files, true).await?;
    let made = make_environments(&place, &args.environment).await;
    place.close().await;
    made?;
    // Last, so that a folder with a configuration is a whole one.
    write_private(&config_path, text.as_bytes())?;
    Ok(report(&config_path, &files))
}

/// Root keys, database and environments of a configuration that is there, such as a package brings.
async fn make_what_is_configured(path: &Path, args: &InitArgs) -> Done {
    if args.store.is_some() || args.port != DEFAULT_PORT || args.folder.as_os_str() != DEFAULT_FOLDER {
        return Err(Failure(
            "the configuration says where everything is: folder, --store and --port are for a new one".to_owned(),
        ));
    }
    let config = Config::read(path, &Variables::of_process())?;
    let is_served = |name: &EnvironmentName| config.environments.iter().any(|environment| environment.name == *name);
    if let Some((name, _)) = args.environment.iter().find(|(name, _)| !is_served(name)) {
        let path = path.display();
        return Err(Failure(format!("{path} has no [environments.{name}]: add it, with its `listen`; nothing was changed")));
    }
    let files = Files::of_config(&config)?;
    files.ensure_root_keys()?;
    let place = Place::open_files(&files, true).await?;
    let made = make_environments(&place, &args.environment).await;
    place.close().await;
    made?;
    Ok(report(path, &files))
}

fn report(config_path: &Path, files: &Files) -> Output {
    let fields = vec![
        ("configuration", config_path.display().to_string()),
        ("database", files.store.to_string()),
        (
            "root keys",
            format!("{} (keep a copy elsewhere; without it every key and secret is lost)", files.root_keys.display()),
        ),
        ("next", format!("mintmark tenant create NAME --config {0} && mintmark serve --config {0}", config_path.display())),
    ];
    let json = json!({ "configuration": config_path, "database": files.store.to_string(), "root_keys": files.root_keys });
    Output::object(&fields, json)
}

/// Makes those that an earlier try, which then failed, did not make already.
async fn make_environments(place: &Place, environments: &[(EnvironmentName, String)]) -> Result<(), Failure> {
    let existing = place.store.environments().await?.value;
    for (name, issuer) in environments {
        if existing.iter().any(|record| record.environment.name == *name && record.environment.issuer == *issuer) {
            continue;
        }
        let new = NewEnvironment {
            name: name.clone(),
            issuer: issuer.clone(),
            algorithm: Algorithm::Es256,
            lifetime_max: Environment::DEFAULT_LIFETIME_MAX,
        };
        create(place, new).await?;
    }
    Ok(())
}

fn configuration(args: &InitArgs) -> Result<String, Failure> {
    let mut text = String::from(
        "# Settings of `mintmark serve`. Everything that is not here has its default; docs/configuration.md lists all.\n",
    );
    if let Some(url) = &args.store {
        write!(text, "\n[store]\nurl = {}\n", toml::Value::String(url.clone()))?;
    }
    for (at, (name, issuer)) in args.environment.iter().enumerate() {
        let port = u16::try_from(at).ok().and_then(|at| args.port.checked_add(at));
        let port = port.ok_or_else(|| Failure("the ports would go beyond 65535; choose a lower --port".to_owned()))?;
        write!(text, "\n[environments.{name}]                # {issuer}\nlisten = \"127.0.0.1:{port}\"\n")?;
    }
    Ok(text)
}
