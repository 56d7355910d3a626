use super::*;

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let pairs = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse("mintmark.toml", text.to_owned(), "/data".as_ref(), &Variables::from_pairs(pairs))
        .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

const LEAST: &str = "[environments.production]\nlisten = \"127.0.0.1:8080\"\n";

#[test]
fn everything_but_the_listeners_has_a_default() {
    let config = parse(LEAST, &[]).unwrap();
    assert_eq!(config.limits.in_flight, 4096);
    assert_eq!(config.outage.max_staleness, 240);
    assert_eq!(config.environments[0].name.as_str(), "production");
    assert_eq!(config.dialects_path().to_str(), Some("/data/dialects"));
}

/// Nodes do not know each other's settings: a retired key stays published for as long as the most patient one may sign with it.
#[test]
fn no_node_may_be_more_patient_than_the_removal_of_keys_allows_for() {
    let with = |seconds: i64| parse(&format!("{LEAST}[outage]\nmax_staleness = {seconds}\n"), &[]);
    let most = mintmark_core::keys::MAX_STALENESS;
    assert!(with(most).is_ok());
    assert!(with(most + 1).is_err());
}

#[test]
fn keys_rotate_after_thirty_days_or_as_said_or_by_hand_alone() {
    assert_eq!(parse(LEAST, &[]).unwrap().keys.rotate_after(), 30 * 86_400);
    for seconds in [0, 1, 315_360_000] {
        let config = parse(&format!("{LEAST}[keys]\nrotate_after = {seconds}\n"), &[]).unwrap();
        assert_eq!(config.keys.rotate_after(), seconds);
    }
    assert!(parse(&format!("{LEAST}[keys]\nrotate_after = -1\n"), &[]).is_err());
}

#[test]
fn a_variable_wins_over_the_file() {
    let text = format!("{LEAST}[limits]\nin_flight = 7\nbody_timeout = 3\n");
    let variables = [("MINTMARK_LIMITS_IN_FLIGHT", "9"), ("MINTMARK_ENVIRONMENTS_PRODUCTION_LISTEN", "[::1]:1"), ("HOME", "/")];
    let config = parse(&text, &variables).unwrap();
    assert_eq!(config.limits.in_flight, 9);
    assert_eq!(config.limits.body_timeout, 3);
    assert_eq!(config.environments[0].listen.to_string(), "[::1]:1");
}

#[test]
fn all_mistakes_are_told_in_one_run() {
    let text = "[environments.Production]\nlisten = \"8080\"\n[limit]\n[limits]\nin_flite = 1\nbody_timeout = 0\n";
    let variables = [("MINTMARK_STORE_PAHT", "x"), ("MINTMARK_FEED_POLL_MILLISECONDS", "1")];
    let found = parse(text, &variables).unwrap_err();
    for expected in [
        "mintmark.toml:1:15: `environments`: expected 1 to 31 lower-case letters",
        "mintmark.toml:2:10: `environments.Production.listen`: expected an address and a port",
        "mintmark.toml:3:2: `limit` is not known here; did you mean `limits`?",
        "mintmark.toml:5:1: `limits.in_flite` is not known here; did you mean `in_flight`?",
        "mintmark.toml:6:16: `limits.body_timeout`: expected a whole number from 1 to 600, found 0",
        "$MINTMARK_STORE_PAHT:1:1: no setting has this variable; did you mean MINTMARK_STORE_PATH?",
        "$MINTMARK_FEED_POLL_MILLISECONDS:1:1: expected a whole number from 50 to 10000",
    ] {
        assert!(found.iter().any(|mistake| mistake.starts_with(expected)), "{expected}\n{found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}

#[test]
fn s19_an_empty_variable_does_not_take_the_host_check_away() {
    let text = format!("{LEAST}hosts = [\"auth.example.com\"]\n");
    let variable = |value| parse(&text, &[("MINTMARK_ENVIRONMENTS_PRODUCTION_HOSTS", value)]);
    for bad in ["", ",", "a.example,"] {
        assert!(variable(bad).unwrap_err()[0].contains("expected hosts separated by commas"), "{bad:?}");
    }
    assert_eq!(variable("a.example, b.example").unwrap().environments[0].hosts, ["a.example", "b.example"]);
}

#[test]
fn two_environments_cannot_share_a_listener() {
    let text = format!("{LEAST}[environments.sandbox]\nlisten = \"127.0.0.1:8080\"\n");
    assert!(parse(&text, &[]).unwrap_err()[0].contains("is the listener of production already"));
}

#[test]
fn tls_is_whole_or_not_there() {
    assert!(parse(LEAST, &[]).unwrap().environments[0].tls.is_none());
    let tls = |lines: &str| parse(&format!("{LEAST}[environments.production.tls]\n{lines}"), &[]);
    let files = tls("certificate = \"c.pem\"\nkey = \"/k.pem\"\n").unwrap().environments[0].tls.clone().unwrap();
    let files = files.files("/data".as_ref());
    assert_eq!((files.certificate.to_str(), files.key.to_str()), (Some("/data/c.pem"), Some("/k.pem")));
    assert!(files.client_ca.is_none() && !files.asks_clients);
    for (lines, expected) in [
        ("certificate = \"c.pem\"\n", "a certificate needs its key"),
        ("key = \"k.pem\"\n", "a certificate needs its key"),
        ("certificate = \"c\"\nkey = \"k\"\nclient_ca = \"a\"\n", "add client_certificates = true"),
        ("client_certificates = true\n", "the listener speaks plain HTTP"),
        ("certificat = \"c\"\n", "did you mean `certificate`?"),
    ] {
        let found = tls(lines).unwrap_err();
        assert!(found.len() == 1 && found[0].contains(expected), "{lines}: {found:?}");
    }
}

#[test]
fn listeners_are_secured_by_variables_too() {
    let variables = [
        ("MINTMARK_ENVIRONMENTS_PRODUCTION_TLS_CERTIFICATE", "c.pem"),
        ("MINTMARK_ENVIRONMENTS_PRODUCTION_TLS_KEY", "k.pem"),
        ("MINTMARK_ENVIRONMENTS_PRODUCTION_TLS_CLIENT_CERTIFICATES", "true"),
        ("MINTMARK_ENVIRONMENTS_PRODUCTION_PROXY_ADDRESSES", "10.0.0.0/8, ::1"),
        ("MINTMARK_ENVIRONMENTS_PRODUCTION_PROXY_SECRET_FILE", "secret"),
        ("MINTMARK_OUTGOING_ALLOW", "keys.internal:8443"),
        ("MINTMARK_OUTGOING_REFUSE_PRIVATE", "false"),
    ];
    let config = parse(LEAST, &variables).unwrap();
    let EnvironmentSettings { tls, proxy, .. } = &config.environments[0];
    assert!(tls.as_ref().unwrap().client_certificates);
    let proxy = proxy.as_ref().unwrap();
    assert_eq!((proxy.addresses.len(), proxy.secret_file.as_deref()), (2, Some("/data/secret".as_ref())));
    assert!(config.outgoing.allow == ["keys.internal:8443"] && !config.outgoing.refuse_private);
    let wrong = [("MINTMARK_OUTGOING_REFUSE_PRIVATE", "no"), ("MINTMARK_ENVIRONMENTS_PRODUCTION_TLS_KEY", "k.pem")];
    let found = parse(LEAST, &wrong).unwrap_err();
    assert!(found.len() == 2 && found.iter().any(|mistake| mistake.contains("expected true or false")), "{found:?}");
}

#[test]
fn proxies_on_this_machine_need_no_proof_unless_they_tell_of_certificates() {
    let proxy =
        |lines: &str| parse(&format!("{LEAST}[environments.production.proxy]\naddresses = [\"127.0.0.1\"]\n{lines}"), &[]);
    let header = "certificate_header = \"Client-Cert\"\n";
    for fine in [
        String::new(),
        format!("{header}secret_file = \"s\"\n"),
        format!("{header}certificate_sha256 = [\"{}\"]\n", "ab".repeat(32)),
        format!("{header}certificates_without_proof = true\n"),
    ] {
        // Certificates of proxies need a listener that asks for them, which another check sees to.
        let found = proxy(&fine).err().unwrap_or_default();
        assert!(found.iter().all(|mistake| mistake.contains("tls.client_certificates")), "{fine}: {found:?}");
    }
    for refused in [header.to_owned(), format!("{header}certificates_without_proof = false\n")] {
        let found = proxy(&refused).unwrap_err();
        assert!(found.len() == 1 && found[0].contains("every process on this machine"), "{found:?}");
    }
}

#[test]
fn keys_of_the_issuer_before_are_published_until_a_day() {
    assert!(parse(LEAST, &[]).unwrap().environments[0].previous.is_none());
    let previous = |lines: &str| parse(&format!("{LEAST}[environments.production.previous]\n{lines}"), &[]);
    let settings = previous("jwks = \"old.json\"\nuntil = \"2027-01-31\"\n").unwrap().environments[0].previous.clone().unwrap();
    assert_eq!((settings.jwks.to_str(), settings.until.to_string().as_str()), (Some("/data/old.json"), "2027-01-31"));
    for (lines, expected) in [
        ("jwks = \"old.json\"\n", "`environments.production.previous.until`: keys of another issuer"),
        ("until = \"2027-01-31\"\n", "give `jwks` and `until`, or neither"),
        ("jwks = \"old.json\"\nuntil = \"31.1.2027\"\n", "expected a day, such as \"2027-01-31\""),
        ("jwks = \"old.json\"\nuntil = \"2027-02-30\"\n", "expected a day"),
        ("jwks = \"old.json\"\nuntil = \"2027-01-31T10:00:00\"\n", "expected a day"),
        ("jwk = \"old.json\"\n", "did you mean `jwks`?"),
    ] {
        let found = previous(lines).unwrap_err();
        assert!(found.len() == 1 && found[0].contains(expected), "{lines}: {found:?}");
    }
    let variables = [
        ("MINTMARK_ENVIRONMENTS_PRODUCTION_PREVIOUS_JWKS", "/keys/old.json"),
        ("MINTMARK_ENVIRONMENTS_PRODUCTION_PREVIOUS_UNTIL", "2027-01-31"),
    ];
    assert!(parse(LEAST, &variables).unwrap().environments[0].previous.is_some());
}

#[test]
fn the_reference_in_the_documentation_is_current() {
    let written = include_str!("../../../../docs/configuration.md");
    assert_eq!(written, reference(), "run: cargo run -- check --reference > docs/configuration.md");
}

#[test]
fn the_management_side_is_reached_by_tls_or_from_this_machine_alone() {
    let admin = |listen: &str, more: &str| {
        parse(&format!("{LEAST}[admin]\nlisten = \"{listen}\"\norigin = \"https://admin.example\"\n{more}"), &[])
    };
    let tls = "[admin.tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";
    for listen in ["127.0.0.1:8090", "127.0.0.2:8090", "[::1]:8090", "[::ffff:127.0.0.1]:8090"] {
        assert!(admin(listen, "").unwrap().admin.unwrap().tls.is_none(), "{listen}");
    }
    for listen in ["0.0.0.0:8090", "[::]:8090", "192.0.2.1:8090"] {
        let found = admin(listen, "").unwrap_err();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("mintmark.toml:") && found[0].contains("`admin.listen`: without a certificate"),
            "{found:?}"
        );
        assert!(admin(listen, tls).unwrap().admin.unwrap().tls.is_some(), "{listen}");
    }
    for client in ["client_certificates = true\n", "client_ca = \"a.pem\"\n"] {
        let found = admin("0.0.0.0:8090", &format!("{tls}{client}")).unwrap_err();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`admin.tls.client_c") && found[0].contains("nothing here checks"), "{found:?}");
    }
}
