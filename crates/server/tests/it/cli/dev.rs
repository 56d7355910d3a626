use std::net::TcpListener;

use rustix::process::Signal;

use crate::fixture::{DIALECTS, Dev, Finished, Program, get, mintmark, send, token_request};

#[tokio::test]
async fn the_demo_clients_get_tokens_in_each_dialect_and_environment() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&folder.path().join("data")).await;
    assert_works(&dev).await;
    dev.terminate().await;
}

#[tokio::test]
async fn a_second_run_finds_the_data_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Dev::start(&data).await;
    let clients = first.document["clients"].clone();
    first.terminate().await;
    // At other ports, most likely: the issuers move along.
    let second = Dev::start(&data).await;
    assert_eq!(second.document["clients"], clients);
    let issuer = second.document["environments"][0]["issuer"].as_str().unwrap();
    assert_eq!(issuer, format!("http://127.0.0.1:{}", second.port_base));
    let metadata = send(second.address("sandbox"), get("/.well-known/oauth-authorization-server", "").as_bytes()).await;
    assert_eq!(metadata.json()["issuer"], issuer);
    assert_works(&second).await;
    second.terminate().await;
}

#[tokio::test]
async fn two_instances_run_side_by_side_and_know_nothing_of_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Dev::start(&folder.path().join("one")).await, Dev::start(&folder.path().join("other")).await);
    assert_works(&one).await;
    let (id, secret) = (one.client("sandbox", "asset", "client_id"), one.client("sandbox", "asset", "client_secret"));
    let request = token_request("asset", &id, &secret);
    assert_eq!(send(other.address("sandbox"), request.as_bytes()).await.status, 401);
    one.terminate().await;
    assert_works(&other).await;
    other.terminate().await;
}

#[tokio::test]
async fn the_same_folder_twice_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let data_text = data.to_str().unwrap();
    let said = Finished::refused(&["dev", "--data-dir", data_text, "--port-base", "1024"]);
    assert!(said.contains(&format!("another `mintmark dev` uses {data_text}")), "{said}");
    assert!(said.contains("--data-dir"), "it says what to do: {said}");
    assert_works(&dev).await;
    dev.terminate().await;
}

#[tokio::test]
async fn a_port_in_use_is_explained_with_its_holder() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&folder.path().join("data")).await;
    let other = folder.path().join("other");
    let base = dev.port_base.to_string();
    let said = Finished::refused(&["dev", "--data-dir", other.to_str().unwrap(), "--port-base", &base]);
    // `mintmark dev` hides its memory from other processes of its user, and its file descriptors with it, so only a holder
    // that does not is named.
    assert!(said.contains(&format!("port {base} is in use by ")), "{said}");
    assert!(said.contains("--port-base "), "it says what to do: {said}");
    dev.terminate().await;

    let mine = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = mine.local_addr().unwrap().port().to_string();
    let said = Finished::refused(&["dev", "--data-dir", other.to_str().unwrap(), "--port-base", &base]);
    let holder = format!("(pid {})", std::process::id());
    assert!(said.contains(&format!("port {base} is in use by ")) && said.contains(&holder), "{said}");
}

#[tokio::test]
async fn s23_dev_binds_loopback_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&folder.path().join("data")).await;
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let Ok(text) = std::fs::read_to_string(table) else { continue };
        let port = format!(":{:04X}", dev.port_base);
        for line in text.lines().filter(|line| line.contains(&format!("{port} ")) && line.contains(" 0A ")) {
            assert!(line.contains(&format!("0100007F{port}")), "{line}");
        }
    }
    let rebound = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n";
    assert_eq!(send(dev.address("sandbox"), rebound.as_bytes()).await.status, 421);
    dev.terminate().await;
}

#[tokio::test]
async fn ctrl_c_ends_it_well_too() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(&folder.path().join("data")).await;
    dev.program.signal(Signal::INT);
    assert_eq!(dev.program.end().await.0.code(), Some(0));
}

#[tokio::test]
async fn piped_output_has_no_escape_codes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let port_base = crate::fixture::free_base().to_string();
    let mut command = mintmark(&["dev", "--port-base", &port_base, "--data-dir", data.to_str().unwrap()]);
    let mut program = Program::start(&mut command, folder.path().join("log"));
    let mut said = program.line().await.unwrap_or_else(|| panic!("{}", program.log()));
    assert!(said.starts_with("Mintmark is ready."), "{said}");
    program.signal(Signal::TERM);
    let log = folder.path().join("log");
    said.extend(program.end().await.1);
    said.push_str(&std::fs::read_to_string(log).unwrap());
    for arguments in [["client", "list"], ["tenant", "list"], ["key", "list"], ["dialect", "list"]] {
        let finished = Finished::good(&[&arguments[..], &["--data-dir", data.to_str().unwrap()]].concat());
        said.push_str(&finished.stdout);
        said.push_str(&finished.stderr);
    }
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

async fn assert_works(dev: &Dev) {
    for environment in ["sandbox", "production"] {
        for dialect in DIALECTS {
            let (id, secret) =
                (dev.client(environment, dialect, "client_id"), dev.client(environment, dialect, "client_secret"));
            let answer = send(dev.address(environment), token_request(dialect, &id, &secret).as_bytes()).await;
            assert_eq!(answer.status, 200, "{environment} {dialect}: {answer:?}");
        }
    }
}

/// The data folder may have come with a repository that somebody else wrote.
#[tokio::test]
async fn a_link_in_the_data_folder_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (data, precious) = (folder.path().join("data"), folder.path().join("precious"));
    std::fs::create_dir(&data).unwrap();
    std::fs::write(&precious, "precious").unwrap();
    std::os::unix::fs::symlink(&precious, data.join("dev.lock")).unwrap();
    let refused = Finished::refused(&["dev", "--data-dir", data.to_str().unwrap(), "--port-base", "1"]);
    assert!(refused.contains("dev.lock"), "{refused}");
    assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
}

#[tokio::test]
async fn a_data_folder_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let refused = Finished::refused(&["dev", "--data-dir", folder.path().to_str().unwrap(), "--port-base", "1"]);
    assert!(refused.contains("nobody else may write into it"), "{refused}");
}
