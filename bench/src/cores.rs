//! Which core does what: the servers on one, the load and the rest of this program on another.

use std::process::Command;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::failure::{Context, Done, fail};

/// The cores of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cores {
    /// One for the servers, one for the load.
    Pinned { server: usize, load: usize },
    /// There is only one core, so that nothing can be kept apart.
    Shared,
}

impl Cores {
    /// The cores asked for, or the first two that this process may use.
    pub(crate) fn choose(server: Option<usize>, load: Option<usize>) -> Done<Self> {
        let allowed = sched_getaffinity(None)?;
        let known: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
        if known.len() < 2 && server.is_none() && load.is_none() {
            return Ok(Self::Shared);
        }
        let server = server.or_else(|| known.iter().copied().find(|core| Some(*core) != load));
        let load = load.or_else(|| known.iter().copied().find(|core| Some(*core) != server));
        match (server, load) {
            (Some(server), Some(load)) if server != load && known.contains(&server) && known.contains(&load) => {
                Ok(Self::Pinned { server, load })
            }
            _ => fail!(
                "expected two different cores out of {known:?} for --server-core and --load-core, found {server:?} and {load:?}"
            ),
        }
    }

    /// Moves this thread, and those that it starts, to the load's core.
    pub(crate) fn pin_this_thread(self) -> Done<()> {
        let Self::Pinned { load, .. } = self else { return Ok(()) };
        let mut set = CpuSet::new();
        set.set(load);
        sched_setaffinity(None, &set).context(|| format!("core {load} cannot be used"))
    }

    /// A command that runs on the servers' core.
    pub(crate) fn server_command(self, program: &std::path::Path) -> Command {
        let Self::Pinned { server, .. } = self else { return Command::new(program) };
        let mut command = Command::new("taskset");
        command.args(["-c", &server.to_string()]).arg(program);
        command
    }
}

impl std::fmt::Display for Cores {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cores::Pinned { server, load } => write!(out, "servers on core {server}, load on core {load}"),
            Cores::Shared => out.write_str("not pinned: there is one core, which servers and load share"),
        }
    }
}
