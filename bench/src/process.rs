//! Servers as processes of their own: started on their core, looked at, and ended with everything they started.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::clock;
use crate::failure::{Context, Done, Failure, fail};
use crate::interrupt;

/// How long a server may take to stop before it is killed.
const STOP_PATIENCE: Duration = Duration::from_mins(1);

/// A running server. Dropped, it is stopped.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    /// When it was started.
    pub(crate) started: Instant,
}

impl Process {
    /// Starts a command in a process group of its own; what it says goes to a log file, where more is appended.
    pub(crate) fn start(name: &str, mut command: Command, log: &Path) -> Done<Self> {
        let file = File::options().create(true).append(true).open(log).context(|| log.display().to_string())?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file).process_group(0);
        let started = clock::now();
        let child = command.spawn().context(|| format!("{name} cannot be started ({command:?})"))?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned(), started })
    }

    /// The next line of its output: servers of ours tell so where they listen.
    pub(crate) fn read_line(&mut self) -> Done<String> {
        let mut line = String::new();
        if let Some(output) = self.child.stdout.as_mut() {
            // Not more than this line is ever written, so that nothing is lost in the reader.
            BufReader::new(output).read_line(&mut line)?;
        }
        if line.is_empty() { self.ended() } else { Ok(line) }
    }

    /// All its output, once it has ended by itself. Waits as the load generator does, without ever sleeping, so that this process
    /// is measured with the same neighbour as the others.
    pub(crate) fn read_all(mut self) -> Done<String> {
        let mut text = String::new();
        while self.child.try_wait()?.is_none() {
            interrupt::check()?;
        }
        if let Some(mut output) = self.child.stdout.take() {
            std::io::Read::read_to_string(&mut output, &mut text)?;
        }
        let status = self.child.wait()?;
        interrupt::check()?;
        if status.success() { Ok(text) } else { fail!("{} failed ({status}): {}", self.name, self.last_lines()) }
    }

    /// An error if it is not running any more.
    pub(crate) fn check(&mut self) -> Done<()> {
        if self.child.try_wait()?.is_some() { self.ended() } else { Ok(()) }
    }

    fn ended<T>(&mut self) -> Done<T> {
        fail!("{} ended before it was ready; its log {} ends with: {}", self.name, self.log.display(), self.last_lines())
    }

    fn last_lines(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Its process group, to which all belong that it starts.
    pub(crate) fn group(&self) -> u32 {
        self.child.id()
    }

    /// Throws away what it has logged so far, so that logs do not fill the disk.
    pub(crate) fn empty_log(&self) -> Done<()> {
        let file = File::options().write(true).open(&self.log).context(|| self.log.display().to_string())?;
        Ok(file.set_len(0)?)
    }

    /// Its memory that is in RAM, in bytes.
    pub(crate) fn resident(&self) -> Done<u64> {
        self.memory([("smaps_rollup", "Rss:"), ("status", "VmRSS:")])
    }

    /// What of that is its own: not pages of the program's file, which are shared and can be read again.
    pub(crate) fn resident_own(&self) -> Done<u64> {
        self.memory([("smaps_rollup", "Anonymous:"), ("status", "RssAnon:")])
    }

    /// The first file is more exact, but closed to others where a process has turned off core dumps.
    fn memory(&self, files: [(&str, &str); 2]) -> Done<u64> {
        let folder = PathBuf::from(format!("/proc/{}", self.child.id()));
        let found = files.into_iter().find_map(|(file, field)| read_memory(&folder.join(file), field));
        found.ok_or_else(|| Failure(format!("the memory of {} cannot be read from {}", self.name, folder.display())))
    }

    /// The memory of all processes that belong to it, what they share counted once.
    pub(crate) fn resident_in_all(&self) -> Done<u64> {
        let members = members_of(self.group())?;
        Ok(members.iter().filter_map(|path| read_memory(&path.join("smaps_rollup"), "Pss:")).sum())
    }

    /// The CPU time that it has used, in clock ticks.
    pub(crate) fn cpu_ticks(&self) -> Done<u64> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = std::fs::read_to_string(&path).context(|| path.clone())?;
        cpu_ticks(&text).ok_or_else(|| Failure(format!("{path}: expected the times in fields 14 and 15")))
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.child.stdin.take());
        let group = Pid::from_child(&self.child);
        let _ = kill_process_group(group, Signal::TERM);
        let deadline = clock::now() + STOP_PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && clock::now() < deadline {
            clock::pause(Duration::from_millis(5));
        }
        // What it started and left behind, too.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.wait();
        // What was killed is gone a moment later.
        while members_of(self.group()).is_ok_and(|members| !members.is_empty()) && clock::now() < deadline {
            clock::pause(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until none of the processes does anything: what one still has to write down must not be charged to another.
pub(crate) fn wait_until_idle(processes: &[&Process]) -> Done<()> {
    const LOOK: Duration = Duration::from_millis(150);
    let deadline = clock::now() + Duration::from_mins(1);
    let ticks = || processes.iter().map(|process| process.cpu_ticks()).sum::<Done<u64>>();
    let mut before = ticks()?;
    let mut calm = 0;
    while calm < 2 {
        clock::pause(LOOK);
        interrupt::check()?;
        let now = ticks()?;
        calm = if now <= before + processes.len() as u64 / 2 { calm + 1 } else { 0 };
        before = now;
        if clock::now() > deadline {
            return fail!("the servers did not come to rest within a minute");
        }
    }
    Ok(())
}

/// The folders in `/proc` of the processes of a group.
pub(crate) fn members_of(group: u32) -> Done<Vec<PathBuf>> {
    let all = std::fs::read_dir("/proc").context(|| "/proc".to_owned())?.flatten().map(|entry| entry.path());
    let is_member =
        |path: &PathBuf| std::fs::read_to_string(path.join("stat")).is_ok_and(|stat| group_of(&stat) == Some(group));
    Ok(all.filter(is_member).collect())
}

/// The fifth field of `/proc/PID/stat`; the second is a name in parentheses, which may hold spaces. Nothing of a process that has
/// ended and that nobody has asked about yet.
pub(crate) fn group_of(stat: &str) -> Option<u32> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    fields.nth(1)?.parse().ok().filter(|_| state != "Z")
}

/// The CPU time in `/proc/PID/stat`, in clock ticks.
pub(crate) fn cpu_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// A number of KiB in a file of `/proc`, in bytes.
fn read_memory(path: &Path, field: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Done<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_found_behind_any_name() {
        assert_eq!(group_of("7 (a) b) c) S 1 42 7 0 -1"), Some(42));
        assert_eq!(cpu_ticks("7 (a) S 1 2 3 4 5 6 7 8 9 10 30 12 13"), Some(42));
        assert_eq!(group_of("7 (a) Z 1 42 7 0 -1"), None);
    }

    #[test]
    fn a_server_is_seen_and_stopped_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo ready; wait"]);
        let mut process = Process::start("test", command, &folder.path().join("log")).unwrap();
        assert_eq!(process.read_line().unwrap(), "ready\n");
        process.check().unwrap();
        let group = process.group();
        assert_eq!(members_of(group).unwrap().len(), 2);
        assert!(process.resident().unwrap() > 0);
        process.stop();
        assert!(members_of(group).unwrap().is_empty());
    }

    #[test]
    fn a_server_that_ends_at_once_is_noticed_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no luck >&2"]);
        let mut process = Process::start("test", command, &folder.path().join("log")).unwrap();
        assert!(process.read_line().unwrap_err().to_string().contains("no luck"));
    }
}
