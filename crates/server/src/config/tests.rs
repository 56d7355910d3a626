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
fn the_reference_in_the_documentation_is_current() {
    let written = include_str!("../../../../docs/configuration.md");
    assert_eq!(written, reference(), "run: cargo run -- check --reference > docs/configuration.md");
}
