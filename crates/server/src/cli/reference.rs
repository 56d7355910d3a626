//! The generated reference of all commands.

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

use super::Cli;

/// `docs/command-line.md`.
pub(super) fn command_line() -> String {
    let mut program = Cli::command();
    program.build();
    let mut text = String::from(
        "# Command line\n\n\
         Exit codes: 0 done, 1 refused or failed (standard error says why), 2 not understood.\n\n\
         This page is generated from the code by `mintmark check --command-line`; a test compares the two.\n\n\
         ## Everywhere\n\n",
    );
    let everywhere: Vec<&Arg> = program.get_arguments().filter(|argument| argument.is_global_set()).collect();
    options(&mut text, &everywhere);
    for command in visible(&program) {
        describe(&mut text, command, "mintmark", 2);
    }
    text
}

/// The commands within one, without `help`.
fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set())
}

fn describe(text: &mut String, command: &Command, parent: &str, level: usize) {
    let name = format!("{parent} {}", command.get_name());
    let about = command.get_long_about().or_else(|| command.get_about()).map(|about| escape(&about.to_string()));
    // Writing to a `String` cannot fail.
    let _ = write!(text, "\n{} `{name}`\n\n{}.\n", "#".repeat(level), about.unwrap_or_default().trim_end_matches('.'));
    let own: Vec<&Arg> = command.get_arguments().filter(|argument| is_own(argument)).collect();
    if !own.is_empty() {
        text.push('\n');
        options(text, &own);
    }
    if let Some(example) = command.get_after_help().map(ToString::to_string)
        && let Some(example) = example.trim().strip_prefix("Example: ")
    {
        let _ = write!(text, "\n    {}\n", example.replace('\n', "\n    "));
    }
    for inner in visible(command) {
        describe(text, inner, &name, level + 1);
    }
}

/// Whether an argument is the command's own, and no part of every command.
fn is_own(argument: &Arg) -> bool {
    !argument.is_global_set() && !argument.is_hide_set() && !["help", "version"].contains(&argument.get_id().as_str())
}

fn options(text: &mut String, arguments: &[&Arg]) {
    text.push_str("| Argument | Means |\n|---|---|\n");
    for argument in arguments {
        let help = argument.get_help().map(|help| escape(&help.to_string()).replace('\n', " ")).unwrap_or_default();
        let default: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let takes_value = argument.get_action().takes_values() && !default.is_empty();
        let default = if takes_value { format!(" [default: {}]", default.join(" ")) } else { String::new() };
        let _ = writeln!(text, "| `{}` | {help}{default} |", spelled(argument).replace('|', "\\|"));
    }
}

/// How it is typed: `--name <VALUE>`, or `<VALUE>`.
fn spelled(argument: &Arg) -> String {
    let values: Vec<String> = argument.get_value_names().unwrap_or_default().iter().map(|name| format!("<{name}>")).collect();
    match argument.get_long() {
        Some(long) if argument.get_action().takes_values() => format!("--{long} {}", values.join(" ")),
        Some(long) => format!("--{long}"),
        None if argument.is_required_set() => values.join(" "),
        None => format!("[{}]", values.join(" ")),
    }
}

/// Text of help, as text of a page.
fn escape(text: &str) -> String {
    let mut in_code = false;
    // A link in angle brackets is one in Markdown too.
    let has_link = text.contains("<http");
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        in_code ^= one == '`';
        match one {
            '<' | '>' if has_link => escaped.push(one),
            '|' | '*' | '_' | '<' | '>' if !in_code || one == '|' => escaped.extend(['\\', one]),
            one => escaped.push(one),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_in_the_documentation_is_current() {
        let written = include_str!("../../../../docs/command-line.md");
        assert_eq!(written, command_line(), "run: cargo run -- check --command-line > docs/command-line.md");
    }
}
