use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;

use crate::fixture::{DIALECTS, Dev, Finished, Program, get, mintmark, send, token_request};

/// A folder made by `mintmark init`, with port 0 in place of the ports.
struct Deployment {
    folder: PathBuf,
    config: String,
}

impl Deployment {
    fn init(folder: PathBuf) -> Self {
        let path = folder.to_str().unwrap().to_owned();
        let made = Finished::good(&[
            "init",
            &path,
            "--environment",
            "sandbox=https://sandbox.example",
            "--environment",
            "production=https://example.com",
            "--json",
        ]);
        let config = made.json()["configuration"].as_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&config).unwrap();
        let text = text.replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:8081", "127.0.0.1:0");
        std::fs::write(&config, text).unwrap();
        Self { folder, config }
    }

    fn run(&self, arguments: &[&str]) -> Value {
        Finished::good(&[arguments, &["--config", &self.config, "--json"]].concat()).json()
    }

    fn refused(&self) -> String {
        Finished::refused(&["serve", "--config", &self.config])
    }

    async fn serve(&self) -> (Program, SocketAddr) {
        let mut command = mintmark(&["serve", "--config", &self.config, "--json"]);
        let mut program = Program::start(&mut command, self.folder.join("log"));
        let line = program.line().await.unwrap_or_else(|| panic!("{}", program.log()));
        let ready: Value = serde_json::from_str(&line).unwrap();
        let environments = ready["environments"].as_array().unwrap();
        let sandbox = environments.iter().find(|one| one["name"] == "sandbox").unwrap();
        (program, sandbox["listen"].as_str().unwrap().parse().unwrap())
    }
}

async fn terminate(program: Program) {
    program.signal(Signal::TERM);
    assert_eq!(program.end().await.0.code(), Some(0));
}

#[tokio::test]
async fn what_init_makes_serves() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::init(folder.path().join("made"));
    for private in ["mintmark.toml", "root-keys.toml", "mintmark.db"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(deployment.folder.join(private)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{private} is for its owner alone");
    }
    let staging = deployment.run(&["environment", "create", "staging", "--issuer", "https://staging.example"]);
    assert_eq!(staging["name"], "staging");
    deployment.run(&["tenant", "create", "Acme"]);
    deployment.run(&["resource", "update", "--environment", "sandbox", "--add-scope", "edit"]);
    let mut create =
        vec!["client", "create", "Exporter", "--environment", "sandbox", "--scope", "edit", "--attribute", "firstVisionId=FV1"];
    create.extend(DIALECTS.iter().flat_map(|dialect| ["--dialect", *dialect]));
    let created = deployment.run(&create);
    let (id, secret) = (created["client"]["id"].as_str().unwrap(), created["client_secret"].as_str().unwrap());
    // Twice, since the second start finds what the first one left.
    for _ in 0..2 {
        let (program, sandbox) = deployment.serve().await;
        for dialect in DIALECTS {
            let answer = send(sandbox, token_request(dialect, id, secret).as_bytes()).await;
            assert_eq!(answer.status, 200, "{dialect}: {answer:?}");
        }
        let metadata = send(sandbox, get("/.well-known/oauth-authorization-server", "").as_bytes()).await.json();
        assert_eq!(metadata["issuer"], "https://sandbox.example");
        terminate(program).await;
        let log = std::fs::read_to_string(deployment.folder.join("log")).unwrap();
        assert!(log.contains("what was held in memory") && log.contains("client_misses=1 "), "{log}");
    }
}

#[test]
fn init_changes_nothing_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::init(folder.path().join("made"));
    let before = contents(&deployment.folder);
    let path = deployment.folder.to_str().unwrap();
    let said = Finished::refused(&["init", path, "--environment", "sandbox=https://sandbox.example"]);
    assert!(said.contains("exists already; nothing was changed"), "{said}");
    assert_eq!(contents(&deployment.folder), before);
}

#[tokio::test]
async fn s23_serve_refuses_the_data_of_dev() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Dev::start(&data).await.terminate().await;
    let deployment = Deployment::init(folder.path().join("made"));
    for file in ["mintmark.db", "root-keys.toml"] {
        std::fs::copy(data.join(file), deployment.folder.join(file)).unwrap();
    }
    let _ = std::fs::remove_file(deployment.folder.join("mintmark.db-wal"));
    let said = deployment.refused();
    assert!(said.contains("was made by `mintmark dev`, and `mintmark serve` does not use it"), "{said}");
}

#[test]
fn wrong_root_keys_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Deployment::init(folder.path().join("one")), Deployment::init(folder.path().join("other")));
    let keys = one.folder.join("root-keys.toml");
    std::fs::copy(other.folder.join("root-keys.toml"), &keys).unwrap();
    let said = one.refused();
    assert!(said.contains("is not the root key file of"), "{said}");
    assert!(said.contains("the database was made with another master key of the same id"), "{said}");

    let text = std::fs::read_to_string(&keys).unwrap();
    std::fs::write(&keys, text.replace("id = \"m1\"", "id = \"m2\"")).unwrap();
    let said = one.refused();
    assert!(said.contains("the database is used with the master key \"m1\", which is not in it"), "{said}");

    std::fs::write(&keys, "master_key = \"nonsense-that-may-be-a-key\"\n").unwrap();
    let said = one.refused();
    assert!(said.contains("root-keys.toml") && said.contains("line 1"), "{said}");
    assert!(!said.contains("nonsense"), "no part of the file is quoted: {said}");

    std::fs::remove_file(&keys).unwrap();
    let said = one.refused();
    assert!(said.contains("root-keys.toml") && said.contains("mintmark init"), "{said}");
}

#[test]
fn root_keys_that_others_can_read_are_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::init(folder.path().join("made"));
    let keys = deployment.folder.join("root-keys.toml");
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = deployment.refused();
    assert!(said.contains("others can read the root keys; write: chmod 600 "), "{said}");
}

#[test]
fn a_mistake_in_the_configuration_names_its_place_and_the_nearest_key() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::init(folder.path().join("made"));
    let text = std::fs::read_to_string(&deployment.config).unwrap();
    std::fs::write(&deployment.config, format!("{text}[limits]\nin_fligth = 5\nbody_timeout = 0\n")).unwrap();
    let said = deployment.refused();
    let line = text.lines().count() + 2;
    assert!(said.contains(&format!("mintmark.toml:{line}:1: ")) && said.contains("did you mean `in_flight`?"), "{said}");
    assert!(said.contains(&format!("mintmark.toml:{}:", line + 1)), "both mistakes at once: {said}");
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

/// As after the installation of a package, which brings a configuration.
#[tokio::test]
async fn init_makes_what_a_configuration_names() {
    let folder = tempfile::tempdir().unwrap();
    let (config, state) = (folder.path().join("mintmark.toml"), folder.path().join("state"));
    std::fs::create_dir(&state).unwrap();
    let text = "[store]\npath = \"state/mintmark.db\"\n[root_keys]\nfile = \"state/keys.toml\"\n\
                [environments.sandbox]\nlisten = \"127.0.0.1:0\"\n";
    std::fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    let init = |environment: &'static str| ["init", "--config", config, "--environment", environment];

    let said = Finished::refused(&init("production=https://auth.example"));
    assert!(said.contains("has no [environments.production]: add it") && contents(&state).is_empty(), "{said}");
    let said = Finished::refused(&[&init("sandbox=https://sandbox.example")[..], &["--port", "9000"]].concat());
    assert!(said.contains("the configuration says where everything is") && contents(&state).is_empty(), "{said}");

    // Twice: the second time finds what the first one made.
    for _ in 0..2 {
        let made = Finished::good(&init("sandbox=https://sandbox.example"));
        assert!(made.stdout.contains("keys.toml"), "{made:?}");
    }
    assert_eq!(std::fs::read_to_string(config).unwrap(), text);
    let deployment = Deployment { folder: folder.path().to_owned(), config: config.to_owned() };
    let (program, sandbox) = deployment.serve().await;
    let metadata = send(sandbox, get("/.well-known/oauth-authorization-server", "").as_bytes()).await.json();
    assert_eq!(metadata["issuer"], "https://sandbox.example");
    terminate(program).await;
}

/// The tables of a root key file: what comes before the peppers, and these.
fn masters_and_peppers(deployment: &Deployment) -> (String, String) {
    let text = std::fs::read_to_string(deployment.folder.join("root-keys.toml")).unwrap();
    let (masters, peppers) = text.split_once("[[pepper]]").unwrap();
    (masters.to_owned(), format!("[[pepper]]{peppers}"))
}

/// As `docs/operating.md` says it is done.
#[tokio::test]
async fn s8_a_master_key_is_replaced_retired_and_taken_out_and_all_keys_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (deployment, other) = (Deployment::init(folder.path().join("one")), Deployment::init(folder.path().join("other")));
    let keys = deployment.folder.join("root-keys.toml");
    let write = |text: String| std::fs::write(&keys, text).unwrap();
    let ((old, peppers), (new, _)) = (masters_and_peppers(&deployment), masters_and_peppers(&other));
    let (new, retired) = (new.replace("\"m1\"", "\"m2\""), old.trim_end().to_owned() + "\nretired = true\n");
    let reseal =
        |more: &[&str]| Finished::of(&mut mintmark(&[&["reseal", "--config", &deployment.config, "--json"], more].concat()));
    assert_eq!(reseal(&["--check"]).code, Some(0));
    let list = || {
        let keys = deployment.run(&["key", "list"]);
        let of = |key: &Value| (key["kid"].clone(), key["problem"].clone());
        keys.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let signing = list();
    assert!(!signing.is_empty() && signing.iter().all(|(_, problem)| problem.is_null()), "{signing:?}");

    write(format!("{retired}{new}{peppers}"));
    let said = deployment.refused();
    assert!(said.contains("\"m1\" stands first") && said.contains("put the master key that is to seal before it"), "{said}");

    write(format!("{new}{retired}{peppers}"));
    let to_do = reseal(&["--check"]);
    assert_eq!(to_do.code, Some(3), "{to_do:?}");
    let counted = &to_do.json()["to_do"][0];
    assert!(counted["what"] == "signing keys" && counted["master_key"] == "m1", "{counted}");
    let finding = |what: &str| {
        let findings = Finished::of(&mut mintmark(&["doctor", "--config", &deployment.config, "--json"])).json();
        findings["findings"].as_array().unwrap().iter().find(|one| one["what"] == what).unwrap().clone()
    };
    let warned = finding("master key m1");
    assert!(warned["standing"] == "warn" && warned["advice"].as_str().unwrap().contains("mintmark reseal"), "{warned}");
    let done = reseal(&[]);
    assert_eq!((done.code, &done.json()["sealed_anew"]), (Some(0), &to_do.json()["to_do"]));
    assert_eq!(reseal(&["--check"]).code, Some(0));
    assert_eq!(finding("master key m1")["standing"], "ok");

    write(format!("{new}{peppers}"));
    assert_eq!(list(), signing, "all keys open");
    let (program, _) = deployment.serve().await;
    terminate(program).await;
    deployment.run(&["key", "revoke", signing[0].0.as_str().unwrap(), "--yes"]);
    assert_eq!(reseal(&["--check"]).code, Some(0), "a revoked key has nothing that is to be sealed anew");
    write(format!("{old}{peppers}"));
    let said = deployment.refused();
    assert!(said.contains("the database is used with the master key \"m2\", which is not in it"), "{said}");
}
