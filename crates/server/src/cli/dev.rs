//! `mintmark dev`: a server to try things out with, on loopback alone.

mod banner;
mod demo;
mod manager;

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use mintmark_core::dialect::DialectSet;
use mintmark_core::management::Origin;
use mintmark_core::random::PooledRandom;

pub(super) use demo::DemoClients;

use super::output::Output;
use super::place::{DATA_DIR, Files, Place, make_private_folder};
use super::port_holder::explain_bind;
use super::{Done, Failure, Shared};
use crate::clock::SystemClock;
use crate::config::{Config, Variables};
use crate::dialect_files::load_dialects;
use crate::http::HostRule;
use crate::node::{Node, NodeParts, NodeSettings};
use crate::outgoing::GuardedClient;
use crate::serving::{Door, Doors, ManagementDoor, Signals, serve};

/// The environments, in the order of their ports.
const ENVIRONMENTS: [&str; 2] = ["sandbox", "production"];

/// The management side's port, counted from the first one.
const MANAGEMENT_PORT: u16 = 10;

#[derive(Args, Debug)]
pub(super) struct DevArgs {
    /// The sandbox is served at this port, production at the next one, the management API at the tenth after it.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..=65_525))]
    port_base: u16,
}

pub(super) async fn run(shared: &Shared, args: DevArgs) -> Done {
    if shared.config.is_some() {
        return Err(Failure("`mintmark dev` needs no configuration; `mintmark serve` takes one".to_owned()));
    }
    let folder = shared.data_dir.clone().unwrap_or_else(|| PathBuf::from(DATA_DIR));
    let config = settings(&folder)?;
    let _logging = crate::logging::start(&config.log)?;
    make_private_folder(&folder)?;
    let _lock = lock(&folder)?;
    let doors = open_doors(args.port_base)?;
    let management = open_management(args.port_base)?;

    let files = Files::of_folder(&folder);
    // Commands do with the built-in dialects where a file has mistakes; a server serves all of its dialects or none.
    load_dialects(Some(&files.dialects)).map_err(|mistakes| super::place::mistakes_of(&mistakes))?;
    files.ensure_root_keys()?;
    let place = Place::open_files(&files, true).await?;
    let demo = demo::ensure(&place, &folder, &doors).await?;
    let manager = manager::ensure(&place, &management.origin).await?;
    let node = start(&place, &config, &files).await?;
    let dialects = DialectSet::clone(&node.dialects.load());
    let signals = Signals::listen()?;
    if shared.json {
        println!("{}", banner::json(&demo, &dialects, &manager));
    } else {
        println!("{}", banner::text(&demo, &dialects, (&folder, &manager)));
    }
    let doors = Doors { environments: doors, management: Some(management), metrics: None, traces: None };
    serve(Arc::new(node), doors, &config.feed, signals).await?;
    Ok(Output::nothing())
}

/// The defaults of a server. The listeners are opened by port, not by this.
pub(super) fn settings(folder: &Path) -> Result<Config, Failure> {
    let text = "[environments.sandbox]\nlisten = \"127.0.0.1:0\"\n[environments.production]\nlisten = \"127.0.0.1:0\"\n";
    Config::parse("the defaults", text.to_owned(), folder, &Variables::of_process())
        .map_err(|mistakes| super::place::mistakes_of(&mistakes))
}

async fn start(place: &Place, config: &Config, files: &Files) -> Result<Node, Failure> {
    let node = Node::start(NodeParts {
        store: Arc::clone(&place.store),
        clock: Arc::clone(&place.registry.clock),
        random: Arc::clone(&place.registry.random),
        id_random: Arc::new(PooledRandom),
        root_keys: Arc::clone(&place.registry.root_keys),
        remote_keys: super::serve::remote_keys(config)?,
        dialects: place.registry.dialects.clone(),
        dialect_folder: Some(files.dialects.clone()),
        snapshot: None,
        settings: NodeSettings::from(config),
    })
    .await?;
    node.ensure_keys().await?;
    let webhooks = GuardedClient::open(&config.outgoing, &config.folder, Arc::new(SystemClock))?;
    Ok(node.with_webhooks(webhooks).with_reporters(Arc::new(super::serve::read_reporters(config)?)))
}

/// One `mintmark dev` for each data folder: a second one would move the first one's issuers to its own ports.
fn lock(folder: &Path) -> Result<File, Failure> {
    use rustix::fs::{FlockOperation, Mode, OFlags, flock};
    let path = folder.join("dev.lock");
    // Nothing is cut short and no link is followed: the folder may have come from somebody else.
    let options = OFlags::CREATE | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(&path, options, Mode::RUSR | Mode::WUSR);
    let file = opened.map(File::from).map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        let folder = folder.display();
        Failure(format!(
            "another `mintmark dev` uses {folder}; give this one its own: mintmark dev --data-dir DIR --port-base 9000"
        ))
    })?;
    Ok(file)
}

/// Loopback, whatever is asked for (rule S23).
fn open_doors(base: u16) -> Result<Vec<Door>, Failure> {
    let mut doors = Vec::new();
    for (name, port) in ENVIRONMENTS.into_iter().zip(base..) {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        doors.push(Door::plain(name.parse()?, bind(address, base)?, HostRule::Loopback));
    }
    Ok(doors)
}

/// The management side, on loopback too.
fn open_management(base: u16) -> Result<ManagementDoor, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, base + MANAGEMENT_PORT));
    // By name: a passkey belongs to a name, never to an address (Web Authentication section 5.1.2).
    let origin = Origin::parse(&format!("http://localhost:{}", address.port()))?;
    Ok(ManagementDoor { socket: bind(address, base)?, origin, tls: None, development: true })
}

fn bind(address: SocketAddr, base: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| {
        let next = if base < 60_000 { base + 1000 } else { 9000 };
        Failure(explain_bind(address, &error, &format!("use other ports: mintmark dev --port-base {next}")))
    })
}
