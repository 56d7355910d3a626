//! What the operating system knows of the process.

use std::fs;

/// Some of it; what cannot be read is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct ProcessState {
    pub(super) cpu_seconds: f64,
    pub(super) open_files: Option<u64>,
    pub(super) open_files_max: Option<u64>,
    pub(super) resident_bytes: Option<u64>,
    pub(super) virtual_bytes: Option<u64>,
    pub(super) threads: Option<u64>,
}

impl ProcessState {
    /// As it is now.
    #[expect(clippy::cast_precision_loss, reason = "seconds of processor time, told as such")]
    pub(super) fn read() -> Self {
        use rustix::process::{Resource, getrlimit};
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kibibytes = |key| number_of(&status, key).map(|number| number.saturating_mul(1024));
        Self {
            cpu_seconds: cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9,
            // The one that the folder is read by is no more when this is told.
            open_files: fs::read_dir("/proc/self/fd").ok().map(|entries| (entries.count() as u64).saturating_sub(1)),
            open_files_max: getrlimit(Resource::Nofile).current,
            resident_bytes: kibibytes("VmRSS"),
            virtual_bytes: kibibytes("VmSize"),
            threads: number_of(&status, "Threads"),
        }
    }
}

/// The number behind a word of `/proc/self/status` (`proc_pid_status(5)`).
fn number_of(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_that_asks_has_memory_files_and_threads() {
        let state = ProcessState::read();
        assert!(state.resident_bytes.unwrap() > 1024 * 1024 && state.virtual_bytes >= state.resident_bytes);
        assert!((3..1_000_000).contains(&state.open_files.unwrap()), "{state:?}");
        assert!(state.threads.unwrap() >= 1 && state.cpu_seconds > 0.0);
    }

    #[test]
    fn a_number_is_found_by_its_whole_word() {
        let status = "VmRSS:\t    8 kB\nVmRSSX:\t 9 kB\nThreads:\t3\n";
        assert_eq!(
            (number_of(status, "VmRSS"), number_of(status, "Threads"), number_of(status, "Vm")),
            (Some(8), Some(3), None)
        );
    }
}
