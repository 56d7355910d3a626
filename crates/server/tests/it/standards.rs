//! `docs/standards.md` names the tests that show what it says: each of them must be there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::foreign::tools::repository;

/// A test of the sources: where it is, and what its documentation says.
struct Test {
    /// As `cargo nextest` calls it.
    path: String,
    docs: String,
}

/// A row of a table of the page.
struct Row {
    heading: String,
    cells: Vec<String>,
    line: usize,
}

impl Row {
    /// What the last cell names between backticks.
    fn named(&self) -> Vec<&str> {
        self.cells.last().unwrap().split('`').skip(1).step_by(2).collect()
    }
}

/// The tests below a folder.
fn tests_in(folder: &Path, module: &[&str], found: &mut Vec<Test>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        let name = entry.file_name().unwrap().to_str().unwrap();
        if entry.is_dir() {
            tests_in(&entry, &[module, &[name]].concat(), found);
        } else if let Some(stem) = name.strip_suffix(".rs") {
            let own = if ["mod", "lib", "main"].contains(&stem) { vec![] } else { vec![stem] };
            tests_of(&fs::read_to_string(&entry).unwrap(), &[module, &own].concat(), found);
        }
    }
}

fn tests_of(source: &str, module: &[&str], found: &mut Vec<Test>) {
    let (mut inline, mut docs, mut is_test) = (None, String::new(), false);
    for line in source.lines() {
        let code = line.trim_start();
        if let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {")) {
            inline = Some(name);
        } else if line == "}" {
            inline = None;
        }
        if let Some(text) = code.strip_prefix("///") {
            docs.push_str(text);
        } else if code.starts_with("#[") {
            is_test |= code.starts_with("#[test]") || code.starts_with("#[tokio::test");
        } else {
            let name = code.strip_prefix("async ").unwrap_or(code).strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            if let Some(name) = name.filter(|_| is_test) {
                let path = module.iter().copied().chain(inline).chain([name]).collect::<Vec<_>>().join("::");
                found.push(Test { path, docs: docs.clone() });
            }
            docs.clear();
            is_test = false;
        }
    }
}

fn tests() -> Vec<Test> {
    let mut found = Vec::new();
    for package in ["core", "verify", "server"] {
        for folder in ["src", "tests/it"] {
            let folder = repository().join("crates").join(package).join(folder);
            if folder.exists() {
                tests_in(&folder, &[], &mut found);
            }
        }
    }
    found
}

/// The rows of all tables, without their heads.
fn rows() -> Vec<Row> {
    let page = fs::read_to_string(repository().join("docs/standards.md")).unwrap();
    let (mut heading, mut rows, mut in_head) = (String::new(), Vec::new(), true);
    for (number, line) in page.lines().enumerate() {
        if let Some(text) = line.strip_prefix("## ") {
            text.clone_into(&mut heading);
        }
        let Some(inner) = line.strip_prefix("| ").and_then(|rest| rest.strip_suffix(" |")) else {
            in_head = !line.starts_with("|---");
            continue;
        };
        if !in_head {
            let cells = inner.split(" | ").map(str::to_owned).collect();
            rows.push(Row { heading: heading.clone(), cells, line: number + 1 });
        }
    }
    rows
}

/// The test of a name: its path, or the end of its path, as long as no other test ends alike.
fn find<'a>(tests: &'a [Test], name: &str) -> Result<&'a Test, String> {
    let ends_so = |test: &&Test| test.path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with("::"));
    let mut all = tests.iter().filter(ends_so);
    match (all.next(), all.next()) {
        (Some(test), None) => Ok(test),
        (Some(one), Some(other)) => Err(format!("{name} is {} and {}", one.path, other.path)),
        (None, _) => Err(format!("there is no test {name}")),
    }
}

#[test]
fn each_requirement_of_the_page_has_tests_that_exist() {
    let (tests, mut wrong) = (tests(), Vec::new());
    assert!(find(&tests, "standards::each_requirement_of_the_page_has_tests_that_exist").is_ok());
    assert!(find(&tests, "a_test_that_nobody_wrote").is_err() && find(&tests, "of_the_page_has_tests_that_exist").is_err());
    let golden = repository().join("crates/server/tests/it/golden");
    let rows = rows();
    for row in &rows {
        if row.named().is_empty() {
            wrong.push(format!("line {}: no test is named", row.line));
        }
        for name in row.named() {
            let fault = match name.strip_prefix("golden/") {
                Some(file) => (!golden.join(file).is_file()).then(|| format!("there is no golden exchange {file}")),
                None => find(&tests, name).err(),
            };
            wrong.extend(fault.map(|fault| format!("line {}: {fault}", row.line)));
        }
    }
    assert!(wrong.is_empty(), "docs/standards.md:\n{}", wrong.join("\n"));
    let mut of_document: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        *of_document.entry(&row.heading).or_default() += 1;
        assert!(row.cells.len() >= 3 && row.cells.iter().all(|cell| !cell.is_empty()), "line {}", row.line);
    }
    for number in
        ["6749", "6750", "7009", "7515", "7523", "7662", "8414", "8705", "8707", "8725", "9068", "9449", "9700", "9728"]
    {
        assert!(of_document.keys().any(|heading| heading.contains(number)), "nothing about RFC {number}");
    }
}

/// Each number of an advisory is in what is said above a test that is named beside it, and the other way round.
#[test]
fn each_advisory_of_the_page_has_a_test_that_carries_its_number() {
    let tests = tests();
    let rows = rows();
    let advisories = rows.iter().filter(|row| row.cells[0].starts_with("CVE-"));
    let mut count = 0;
    for row in advisories {
        let numbers: BTreeSet<&str> = row.cells[0].split(", ").collect();
        let tests: Vec<&Test> =
            row.named().into_iter().map(|name| find(&tests, name).unwrap_or_else(|fault| panic!("{fault}"))).collect();
        for number in &numbers {
            assert!(tests.iter().any(|test| test.docs.contains(number)), "line {}: no test carries {number}", row.line);
        }
        for test in tests {
            assert!(numbers.iter().any(|number| test.docs.contains(number)), "line {}: {} carries none", row.line, test.path);
        }
        count += numbers.len();
    }
    assert!(count > 0, "the page lists no advisories");
}
