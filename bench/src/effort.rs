//! What a measurement took of the servers' core, and what others took of it meanwhile.
//!
//! On a quiet machine a saturated server has its core to itself, and answers per second are answers per core. Where others work too,
//! answers for each second of the server's own CPU time still are.

use std::time::Instant;

use serde::Serialize;

use crate::clock;
use crate::cores::Cores;
use crate::failure::{Done, fail};
use crate::process::{cpu_ticks, members_of};

/// Clock ticks a second, as Linux tells times to programs everywhere.
const TICKS: f64 = 100.0;

/// Shares of the wall time of a measurement.
#[derive(Serialize, Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Effort {
    /// CPU time of the server, in seconds.
    pub(crate) cpu_seconds: f64,
    /// The same as a share of the time that passed.
    pub(crate) server: f64,
    /// The servers' core did nothing.
    pub(crate) idle: f64,
    /// Others had it: programs, the kernel's own threads, other virtual machines.
    pub(crate) others: f64,
}

/// A look at the clocks before a measurement.
pub(crate) struct Meter {
    cores: Cores,
    /// The server's process group.
    group: u32,
    start: Instant,
    server: f64,
    core: Core,
}

/// Seconds since the machine started.
#[derive(Clone, Copy, Default)]
struct Core {
    idle: f64,
    busy: f64,
}

impl Meter {
    pub(crate) fn start(cores: Cores, group: u32) -> Done<Self> {
        Ok(Self { cores, group, server: cpu_seconds(group)?, core: Core::look(cores), start: clock::now() })
    }

    pub(crate) fn stop(self) -> Done<Effort> {
        let seconds = clock::now().duration_since(self.start).as_secs_f64().max(1e-9);
        let used = cpu_seconds(self.group)? - self.server;
        if used < 0.0 {
            return fail!("a process of the server ended and took its CPU time with it");
        }
        let core = Core::look(self.cores);
        let busy = core.busy - self.core.busy;
        Ok(Effort {
            cpu_seconds: used,
            server: used / seconds,
            idle: (core.idle - self.core.idle) / seconds,
            others: ((busy - used) / seconds).max(0.0),
        })
    }
}

impl Core {
    /// Of the servers' core; nothing where it is not known.
    fn look(cores: Cores) -> Self {
        let Cores::Pinned { server, .. } = cores else { return Self::default() };
        let text = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let name = format!("cpu{server} ");
        let line = text.lines().find_map(|line| line.strip_prefix(name.as_str())).unwrap_or_default();
        let ticks: Vec<f64> = line.split_whitespace().take(8).filter_map(|field| field.parse().ok()).collect();
        // user, nice, system, idle, iowait, irq, softirq, steal
        let idle: f64 = ticks.iter().skip(3).take(2).sum();
        Self { idle: idle / TICKS, busy: (ticks.iter().sum::<f64>() - idle) / TICKS }
    }
}

/// The CPU time of a process group, in seconds: also that of threads which have ended, as some servers have one for each connection.
fn cpu_seconds(group: u32) -> Done<f64> {
    let members = members_of(group)?;
    if members.is_empty() {
        return fail!("the server's process is gone");
    }
    let ticks = members.iter().filter_map(|path| cpu_ticks(&std::fs::read_to_string(path.join("stat")).ok()?));
    Ok(ticks.sum::<u64>() as f64 / TICKS)
}
