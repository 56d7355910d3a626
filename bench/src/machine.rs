//! What a run ran on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::cores::Cores;

/// Facts about the machine and the programs, for the report.
pub(crate) fn describe(cores: Cores, mintmark: &Path) -> BTreeMap<String, String> {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let count = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let facts = [
        ("cpu", cpu.trim_start_matches(['\t', ' ', ':']).to_owned()),
        ("cores", format!("{count} usable; {cores}")),
        ("memory", memory.trim().to_owned()),
        ("kernel", output("uname", &["-sr"])),
        ("rustc", output("rustc", &["--version"])),
        ("mintmark", output(&mintmark.display().to_string(), &["--version"])),
        ("load at the beginning", load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")),
    ];
    facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}
