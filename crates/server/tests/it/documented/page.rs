//! A page of the documentation, and the blocks of commands in it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::foreign::tools::{repository, works};

/// Where pages are: files, and folders with all that is in them.
const PLACES: [&str; 7] =
    ["README.md", "CONTRIBUTING.md", "SECURITY.md", "docs", "deploy/README.md", "bench/README.md", "examples"];

/// Programs that pages use and a machine may lack.
const TOOLS: [&str; 2] = ["curl", "jq"];

pub(super) struct Page {
    /// Its path in the repository.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) blocks: Vec<Block>,
}

pub(super) struct Block {
    /// The line of its fence, from 1.
    pub(super) line: usize,
    pub(super) commands: String,
    pub(super) treatment: Treatment,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Treatment {
    Run,
    /// What it shows is a refusal.
    Fails,
    /// A server, up when it answers at this address.
    GoesOn(String),
    NotRun(String),
}

impl Page {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(repository()).unwrap().display().to_string();
        let mut blocks = blocks(&text, &name);
        leave_out_what_misses_a_tool(&mut blocks);
        Self { name, text, blocks }
    }

    pub(super) fn has_commands(&self) -> bool {
        !self.blocks.is_empty()
    }

    pub(super) fn runs_any(&self) -> bool {
        self.blocks.iter().any(|block| !matches!(block.treatment, Treatment::NotRun(_)))
    }
}

/// A block whose program is not on this machine is not run, nor is what comes after it, since that may need what it makes.
fn leave_out_what_misses_a_tool(blocks: &mut [Block]) {
    let runs = |block: &Block| !matches!(block.treatment, Treatment::NotRun(_));
    let names = |block: &Block, tool: &str| block.commands.split(|one: char| !one.is_alphanumeric()).any(|word| word == tool);
    for tool in TOOLS.into_iter().filter(|tool| !works(Path::new(tool), &["--version"])) {
        let first = blocks.iter().position(|block| runs(block) && names(block, tool));
        for block in blocks.iter_mut().skip(first.unwrap_or(usize::MAX)).filter(|block| runs(block)) {
            block.treatment = Treatment::NotRun(format!("there is no {tool}"));
        }
    }
}

/// Every page, in the order of their names.
pub(super) fn all() -> Vec<Page> {
    let mut paths = Vec::new();
    for place in PLACES {
        gather(&repository().join(place), &mut paths);
    }
    paths.sort();
    paths.iter().map(|path| Page::read(path)).collect()
}

fn gather(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_file() && path.extension().is_some_and(|extension| extension == "md") {
        found.push(path.to_owned());
    } else if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
        for entry in fs::read_dir(path).unwrap() {
            gather(&entry.unwrap().path(), found);
        }
    }
}

fn blocks(text: &str, page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut before = "";
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let fence = line.trim_start();
        let Some(language) = fence.strip_prefix("```") else {
            before = if line.trim().is_empty() { before } else { line.trim() };
            continue;
        };
        let inside: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").collect();
        let commands = match language {
            "sh" => Some(inside.join("\n")),
            "console" => Some(typed(&inside)),
            // A block without a language is what something prints, or a file; commands in one would not be run.
            "" => {
                let command = inside.iter().find(|line| line.starts_with("mintmark ") || line.starts_with("curl "));
                assert!(command.is_none(), "{page}:{}: a block of commands has the language sh", number + 1);
                None
            }
            _ => None,
        };
        if let Some(commands) = commands {
            blocks.push(Block { line: number + 1, commands, treatment: treatment(before) });
        }
        before = "";
    }
    blocks
}

/// What is typed in a block that shows answers too: the lines after `$`, and those that they go on with.
fn typed(lines: &[&str]) -> String {
    let mut typed = Vec::new();
    let mut goes_on = false;
    for line in lines {
        let command = if goes_on { Some(*line) } else { line.strip_prefix("$ ") };
        goes_on = command.is_some_and(|command| command.ends_with('\\'));
        typed.extend(command);
    }
    typed.join("\n")
}

fn treatment(comment: &str) -> Treatment {
    let inner = comment.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
    match inner.and_then(|inner| inner.split_once(": ")) {
        Some(("not run", reason)) => Treatment::NotRun(reason.to_owned()),
        Some(("goes on", url)) => Treatment::GoesOn(url.to_owned()),
        _ if inner == Some("refused") => Treatment::Fails,
        _ => Treatment::Run,
    }
}

#[test]
fn blocks_are_found_with_what_is_said_before_them() {
    let text = "Text\n```sh\nmintmark check\n```\n<!-- not run: needs a cluster -->\n\n```sh\nkubectl get pods\n```\n\
                ```console\n$ curl \\\n  http://x\nanswer\n$ ls\n```\n<!-- goes on: http://x/readyz -->\n```sh\nmintmark serve\n```\n";
    let found = blocks(text, "a page");
    let shown: Vec<_> = found.iter().map(|block| (block.line, block.commands.as_str(), block.treatment.clone())).collect();
    assert_eq!(
        shown,
        [
            (2, "mintmark check", Treatment::Run),
            (7, "kubectl get pods", Treatment::NotRun("needs a cluster".to_owned())),
            (10, "curl \\\n  http://x\nls", Treatment::Run),
            (17, "mintmark serve", Treatment::GoesOn("http://x/readyz".to_owned())),
        ]
    );
}
