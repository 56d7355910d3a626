//! `mintmark`: an OAuth 2.0 authorization server for machines.

use std::process::ExitCode;

fn main() -> ExitCode {
    mintmark::cli::main()
}
