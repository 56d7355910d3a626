//! The commands that the documentation shows: each runs, in a folder of its page, beside a `mintmark dev` of that page.
//!
//! A block of shell in a page (`sh`, or `console` with its lines after `$`) is run unless the comment before it says
//! `<!-- not run: REASON -->`; `<!-- refused -->` shows a command that fails, `<!-- goes on: URL -->` a server, which is up when
//! it answers there. Blocks of a page run in order, in one shell, so that a later one sees the files and variables of an earlier one.

mod given;
mod links;
mod page;
mod run;

use std::fmt::Write as _;
use std::io::{self, Write as _};

use page::{Page, Treatment};

/// Pages at work at one time: each has a server.
const AT_ONCE: usize = 2;

#[tokio::test]
async fn every_command_that_the_documentation_shows_works() {
    tokio::task::LocalSet::new().run_until(run_all()).await;
}

async fn run_all() {
    let mut waiting = page::all().into_iter().filter(Page::has_commands).collect::<Vec<_>>();
    let mut at_work = tokio::task::JoinSet::new();
    let (mut ran, mut left_out, mut failures) = (0, Vec::new(), String::new());
    loop {
        while at_work.len() < AT_ONCE
            && let Some(page) = waiting.pop()
        {
            at_work.spawn_local(async move { (run::run(&page).await, page) });
        }
        let Some(finished) = at_work.join_next().await else { break };
        let (outcome, page) = finished.unwrap();
        if let Err(failure) = outcome {
            writeln!(failures, "{failure}").unwrap();
        }
        for block in &page.blocks {
            match &block.treatment {
                Treatment::NotRun(reason) => left_out.push(format!("{}:{}: {reason}", page.name, block.line)),
                Treatment::Run | Treatment::Fails | Treatment::GoesOn(_) => ran += 1,
            }
        }
    }
    left_out.sort();
    // Not `eprintln!`: the test runner would swallow it, as the test passes.
    let mut stderr = io::stderr();
    writeln!(stderr, "DOCUMENTED: {ran} blocks of commands ran, {} did not:", left_out.len()).unwrap();
    for one in &left_out {
        writeln!(stderr, "DOCUMENTED:   {one}").unwrap();
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(ran > 0);
}
