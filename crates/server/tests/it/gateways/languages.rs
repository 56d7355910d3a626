//! The programs of `examples/verify/`, which `docs/verifying/` prints.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::cases::{Ways, judge};
use super::guard::Guard;
use super::issuer::{AUDIENCE, Issuer};
use super::recipe::Recipe;
use crate::fixture::missing;
use crate::foreign::tools::{clients, node, python, repository, run, works};

/// A program in a language, and the page that prints it.
pub(super) struct Program {
    /// Below `examples/verify/`.
    pub(super) folder: &'static str,
    pub(super) file: &'static str,
    page: &'static str,
}

pub(super) const PYJWT: Program = Program { folder: "python", file: "pyjwt_api.py", page: "verifying/python.md" };
pub(super) const AUTHLIB: Program = Program { folder: "python", file: "authlib_api.py", page: "verifying/python.md" };
pub(super) const JOSE: Program = Program { folder: "node", file: "jose_api.js", page: "verifying/node.md" };

pub(super) const GO: Program = Program { folder: "go", file: "main.go", page: "verifying/go.md" };
pub(super) const NIMBUS: Program = Program { folder: "java", file: "Api.java", page: "verifying/java.md" };

const ALL: [&Program; 5] = [&PYJWT, &AUTHLIB, &JOSE, &GO, &NIMBUS];

impl Program {
    fn source(&self) -> String {
        fs::read_to_string(repository().join("examples/verify").join(self.folder).join(self.file)).unwrap()
    }

    /// Runs it with a command's help. `shorten` changes the text, where a test cannot wait as long as the program would.
    pub(super) async fn start(
        &self,
        (issuer, audience, jwks_uri): (&str, &str, &str),
        shorten: &[(&str, &str)],
        prepare: impl Fn(&Path) -> Command,
    ) -> Guard {
        let source = shorten.iter().fold(self.source(), |source, (long, short)| {
            assert!(source.contains(long), "{} has no {long:?}", self.file);
            source.replace(long, short)
        });
        let command = async |folder: &Path, port: u16| {
            fs::write(folder.join(self.file), &source).unwrap();
            let mut command = prepare(folder);
            command.arg(self.file);
            command.env("ISSUER", issuer).env("AUDIENCE", audience).env("JWKS_URI", jwks_uri).env("PORT", port.to_string());
            command
        };
        Guard::start(command).await
    }
}

pub(super) fn of_python(python: &PathBuf) -> impl Fn(&Path) -> Command {
    move |_| {
        let mut command = Command::new(python);
        command.arg("-B");
        command
    }
}

/// With the packages of `tests/clients/node`.
pub(super) fn of_node(node: &PathBuf) -> impl Fn(&Path) -> Command {
    move |folder| {
        let packages = fs::canonicalize(clients().join("node/node_modules")).unwrap();
        symlink(packages, folder.join("node_modules")).unwrap();
        fs::copy(repository().join("examples/verify/node/package.json"), folder.join("package.json")).unwrap();
        Command::new(node)
    }
}

/// Built where its source was put, of modules that the machine has: `scripts/test` fetches them if it can.
pub(super) fn of_go() -> Option<impl Fn(&Path) -> Command> {
    let example = repository().join("examples/verify/go");
    let go = |folder: &Path| {
        let mut command = Command::new("go");
        command.current_dir(folder).env("GOPROXY", "off").env("GOTOOLCHAIN", "local").stdin(Stdio::null());
        command
    };
    if !works(Path::new("go"), &["version"]) {
        return missing::leave_out(&missing::test_name(), "golang-jwt: there is no go");
    }
    if !go(&example).args(["mod", "download"]).output().is_ok_and(|output| output.status.success()) {
        return missing::leave_out(
            &missing::test_name(),
            "the modules of examples/verify/go are not there, and go could not fetch them",
        );
    }
    Some(move |folder: &Path| {
        for file in ["go.mod", "go.sum"] {
            fs::copy(example.join(file), folder.join(file)).unwrap();
        }
        run(go(folder).args(["build", "-o", "api", "."]));
        Command::new(folder.join("api"))
    })
}

/// With the jar that `scripts/test` fetches if it can.
pub(super) fn of_java() -> Option<impl Fn(&Path) -> Command> {
    if !works(Path::new("java"), &["-version"]) {
        return missing::leave_out(&missing::test_name(), "nimbus-jose-jwt: there is no java");
    }
    let own = missing::variable("MINTMARK_TEST_NIMBUS").map(PathBuf::from);
    let jar = own.unwrap_or_else(|| repository().join(".test/java/nimbus-jose-jwt.jar"));
    if !jar.exists() {
        return missing::leave_out(&missing::test_name(), "there is no jar of nimbus-jose-jwt, and Maven could not fetch it");
    }
    let jar = fs::canonicalize(jar).unwrap();
    Some(move |_: &Path| {
        let mut command = Command::new("java");
        command.arg("--class-path").arg(&jar);
        command
    })
}

async fn judge_program(program: &Program, prepare: impl Fn(&Path) -> Command) {
    let issuer = Issuer::start().await;
    let guard = program.start((&Issuer::name(), AUDIENCE, &issuer.jwks_uri()), &[], prepare).await;
    judge(&issuer, &guard, Ways::default()).await;
}

#[tokio::test]
async fn a_service_with_pyjwt_lets_in_whom_mintmark_gave_a_token() {
    let Some(python) = python() else { return };
    judge_program(&PYJWT, of_python(&python)).await;
}

#[tokio::test]
async fn a_service_with_authlib_lets_in_whom_mintmark_gave_a_token() {
    let Some(python) = python() else { return };
    judge_program(&AUTHLIB, of_python(&python)).await;
}

#[tokio::test]
async fn a_service_with_jose_lets_in_whom_mintmark_gave_a_token() {
    let Some(node) = node() else { return };
    judge_program(&JOSE, of_node(&node)).await;
}

#[tokio::test]
async fn a_service_with_golang_jwt_lets_in_whom_mintmark_gave_a_token() {
    let Some(prepare) = of_go() else { return };
    judge_program(&GO, prepare).await;
}

#[tokio::test]
async fn a_service_with_nimbus_lets_in_whom_mintmark_gave_a_token() {
    let Some(prepare) = of_java() else { return };
    judge_program(&NIMBUS, prepare).await;
}

#[test]
fn the_pages_print_the_programs_that_are_tested() {
    for program in ALL {
        assert_eq!(
            Recipe::of(program.page, program.file).text(),
            program.source(),
            "{} differs from {}",
            program.page,
            program.file
        );
    }
}
