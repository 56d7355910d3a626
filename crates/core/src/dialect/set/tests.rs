use super::*;
use crate::dialect::{ExpiresIn, Fault};

fn file(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source { name: name.to_owned(), text: text.to_owned() })
}

fn load(text: &str) -> Result<DialectSet, Vec<String>> {
    load_all(&[("mine.toml", text)])
}

fn load_all(files: &[(&str, &str)]) -> Result<DialectSet, Vec<String>> {
    let files: Vec<Arc<Source>> = files.iter().map(|(name, text)| file(name, text)).collect();
    DialectSet::load(&files).map_err(|found| found.iter().map(ToString::to_string).collect())
}

/// A dialect that extends `standard` at a path of its own, and says something more.
fn variant(more: &str) -> Result<DialectSet, Vec<String>> {
    load(&format!("format = 1\nname = \"mine\"\nextends = \"standard\"\nroute.path = \"/mine\"\n{more}"))
}

fn only_mistake(loaded: Result<DialectSet, Vec<String>>) -> String {
    let mistakes = loaded.unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
    mistakes.into_iter().next().unwrap()
}

/// A built-in file with a piece of its text replaced, loaded without the others.
fn altered(name: &str, from: &str, to: &str) -> Vec<String> {
    let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name).unwrap();
    assert!(text.contains(from), "{from}");
    let loaded = DialectSet::load_alone(&[file(name, &text.replacen(from, to, 1))]);
    loaded.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn the_built_in_files_load() {
    let set = DialectSet::load(&[]).unwrap();
    let names: Vec<&str> = set.iter().map(|dialect| dialect.name.as_str()).collect();
    assert_eq!(names, ["standard", "asset", "firstvision", "standard-metrics"]);
}

#[test]
fn a_dialect_of_a_few_lines_extends_another_one() {
    let text = r#"format = 1
name = "asset-relative"
extends = "asset"
route.path = "/v1/auth/token"
answer.expires_in = "relative""#;
    assert!(text.lines().count() <= 7);
    let set = load(text).unwrap();
    let mine = set.get("asset-relative").unwrap();
    assert_eq!(mine.answer.expires_in, ExpiresIn::Relative);
    assert_eq!(mine.route.path, "/v1/auth/token");
    assert_eq!(mine.route.owns, None, "whose 404 an unknown path gets is not inherited");
    assert_eq!(mine.limits, set.get("asset").unwrap().limits);
    assert_eq!(mine.file, "mine.toml");
    assert!(matches!(set.route("/v1/auth/token"), Routed::Endpoint(dialect) if dialect.name.as_str() == "asset-relative"));
}

#[test]
fn a_dialect_can_stand_in_the_place_of_a_built_in_one() {
    let mine = "format = 1\nname = \"mine\"\nextends = \"standard\"\n";
    assert!(only_mistake(load(mine)).contains("listens at /oauth/token already"));
    let set = load(&format!("{mine}replaces = \"standard\"\n")).unwrap();
    assert!(matches!(set.route("/oauth/token"), Routed::Endpoint(dialect) if dialect.name.as_str() == "mine"));
    assert!(set.get("standard").is_none());
    let second = "format = 1\nname = \"second\"\nextends = \"mine\"\nroute.path = \"/second\"\n";
    let both = load_all(&[("mine.toml", &format!("{mine}replaces = \"standard\"\n")), ("second.toml", second)]).unwrap();
    assert!(both.get("mine").is_some() && both.get("second").is_some(), "in whose place it stands is not inherited");
    // A draft that stands in the place of a built-in one is completed by a file that stands in the draft's.
    let completed = "format = 1\nname = \"completed\"\nextends = \"mine\"\nreplaces = \"mine\"\n";
    let chain = load_all(&[("mine.toml", &format!("{mine}replaces = \"standard\"\n")), ("completed.toml", completed)]).unwrap();
    assert!(matches!(chain.route("/oauth/token"), Routed::Endpoint(dialect) if dialect.name.as_str() == "completed"));
    assert!(chain.get("mine").is_none() && chain.get("standard").is_none());
    let circle = load_all(&[("mine.toml", &format!("{mine}replaces = \"completed\"\n")), ("completed.toml", completed)]);
    let mistakes = circle.unwrap_err();
    assert!(mistakes.iter().filter(|mistake| mistake.contains("in a circle")).count() == 2, "{mistakes:?}");
    for wrong in ["nobody", "mine"] {
        let mistakes = load(&format!("{mine}route.path = \"/mine\"\nreplaces = \"{wrong}\"\n")).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.contains("there is no other dialect")), "{mistakes:?}");
    }
}

#[test]
fn an_answer_of_the_base_is_replaced_as_a_whole() {
    let answer = "faults.credentials_absent = { status = 400, error = \"no_client\", text = \"Who are you?\" }";
    let set = variant(answer).unwrap();
    let mine = set.get("mine").unwrap().faults.answer(Fault::CredentialsAbsent).unwrap();
    assert_eq!(mine.status.as_u16(), 400);
    assert!(mine.challenge.is_none(), "the challenge of the base's 401 is not left over");
    // Faults that shared it share the new one.
    assert_eq!(set.get("mine").unwrap().faults.answer(Fault::ClientRefused).unwrap().status.as_u16(), 400);
}

#[test]
fn a_base_may_extend_another_base() {
    let set = load_all(&[
        ("c.toml", "format = 1\nname = \"c\"\nextends = \"b\"\nroute.path = \"/c\"\nlimits.client = 7"),
        ("b.toml", "format = 1\nname = \"b\"\nextends = \"asset\"\nroute.path = \"/b\"\nlimits.tenant = 9"),
    ])
    .unwrap();
    let limits = set.get("c").unwrap().limits;
    assert_eq!((limits.client, limits.tenant, limits.business), (Some(7), Some(9), Some(300)));
}

#[test]
fn three_mistakes_in_one_file_are_three_diagnostics_with_their_places() {
    let mistakes = variant("[request]\nrepeatd = \"last\"\nquery = \"maybe\"\n[token.lifetime]\nmax = 0\n").unwrap_err();
    assert_eq!(
        mistakes,
        [
            "mine.toml:6:1: `request.repeatd` is not known here; did you mean `repeated`?",
            "mine.toml:7:9: `request.query`: expected \"ignore\" or \"refuse\", found \"maybe\"",
            "mine.toml:9:7: `token.lifetime.max`: expected a whole number from 1 to 86400, found 0",
        ]
    );
}

#[test]
fn mistakes_of_several_files_come_together() {
    let mistakes =
        load_all(&[("a.toml", "= 1"), ("b.toml", "format = 2\nname = \"b\"\nextends = \"asset\"\nroute.path = \"/b\"")]);
    let mistakes = mistakes.unwrap_err();
    assert!(mistakes[0].starts_with("a.toml:1:1: this is not TOML:"), "{mistakes:?}");
    assert_eq!(mistakes[1], "b.toml:1:10: `format`: expected a whole number from 1 to 1, found 2");
}

#[test]
fn files_that_extend_each_other_in_a_circle_are_refused() {
    let mistakes = load_all(&[
        ("a.toml", "format = 1\nname = \"a\"\nextends = \"b\""),
        ("b.toml", "format = 1\nname = \"b\"\nextends = \"a\""),
        ("self.toml", "format = 1\nname = \"self\"\nextends = \"self\""),
    ]);
    assert_eq!(
        mistakes.unwrap_err(),
        [
            "a.toml:3:11: `extends`: the files extend each other in a circle",
            "b.toml:3:11: `extends`: the files extend each other in a circle",
            "self.toml:3:11: `extends`: the files extend each other in a circle",
        ]
    );
}

#[test]
fn a_base_that_does_not_exist_is_told_with_those_that_do() {
    assert_eq!(
        only_mistake(load("format = 1\nname = \"mine\"\nextends = \"aset\"")),
        "mine.toml:3:11: `extends`: there is no dialect \"aset\"; there are: standard, asset, firstvision, standard-metrics; did you mean `asset`?"
    );
    let mistakes = load("format = 1\nname = \"mine\"\nextends = \"No Name\"").unwrap_err();
    assert!(mistakes.iter().any(|one| one.starts_with("mine.toml:3:11: `extends`: expected 1 to 63")), "{mistakes:?}");
}

#[test]
fn two_files_of_one_name_are_refused() {
    let mistakes = load("format = 1\nname = \"asset\"\nextends = \"standard\"\nroute.path = \"/mine\"").unwrap_err();
    assert_eq!(mistakes, ["mine.toml:2:8: `name`: built-in asset.toml has this name already; choose another"]);
}

#[test]
fn one_path_belongs_to_one_dialect_also_with_another_slash() {
    let at = |path: &str| load(&format!("format = 1\nname = \"mine\"\nextends = \"standard\"\nroute.path = {path:?}"));
    for taken in ["/oauth/token", "/oauth/token/", "/o/token", "/o/token/", "/v0/auth/token/"] {
        let mistake = only_mistake(at(taken));
        assert!(mistake.starts_with("mine.toml:4:14: `route.path`: the dialect "), "{mistake}");
        assert!(mistake.contains("listens at"), "{mistake}");
    }
    assert!(at("/oauth/tokens").is_ok());
    assert!(at("/OAuth/token").is_ok(), "paths are case sensitive");
}

#[test]
fn one_prefix_has_one_owner() {
    let owner = variant(
        "route.owns = \"/v0/\"\nfaults.route_unknown = \"internal\"\nfaults.token_refused = \"internal\"\nfaults.token_insufficient = \"internal\"\nfaults.page_malformed = \"internal\"",
    );
    assert!(
        only_mistake(owner)
            .starts_with("mine.toml:5:14: `route.owns`: the dialect asset (built-in asset.toml) owns this prefix")
    );
}

#[test]
fn built_in_routes_and_odd_paths_are_refused() {
    let at =
        |path: &str| only_mistake(load(&format!("format = 1\nname = \"mine\"\nextends = \"standard\"\nroute.path = {path:?}")));
    for taken in ["/.well-known/jwks.json", "/v0/business", "/v0/business/", "/v0/business/token"] {
        assert!(at(taken).contains("is a route of Mintmark's own"), "{taken}");
    }
    for odd in ["", "token", "/a b", "/a//b", "/a/../b", "/./a", "/a?b", "/a#b", "/%61", "/ä", "/<x>", "/{id}"] {
        assert!(at(odd).contains("expected a path such as"), "{odd}");
    }
}

#[test]
fn a_path_is_routed_by_its_slash_rule() {
    let set = DialectSet::load(&[]).unwrap();
    let name = |routed: Routed<'_>| match routed {
        Routed::Endpoint(dialect) => format!("endpoint {}", dialect.name),
        Routed::Redirect(dialect) => format!("redirect {}", dialect.name),
        Routed::Owned(dialect) => format!("owned {}", dialect.name),
        Routed::Unknown => "unknown".to_owned(),
    };
    for (path, expected) in [
        ("/oauth/token", "endpoint standard"),
        ("/oauth/token/", "unknown"),
        ("/o/token/", "endpoint standard-metrics"),
        ("/o/token", "redirect standard-metrics"),
        ("/v0/auth/token/", "redirect asset"),
        ("/v0/else", "owned asset"),
        ("/v1/api/oauth/token/", "owned firstvision"),
        ("/v0", "unknown"),
        ("/", "unknown"),
        ("", "unknown"),
    ] {
        assert_eq!(name(set.route(path)), expected, "{path}");
    }
}

#[test]
fn s2_a_dialect_sets_no_reserved_claim_and_allows_no_unauthenticated_request() {
    for claim in mintmark_verify::RESERVED_CLAIMS {
        let mistake = only_mistake(variant(&format!("token.claims.{claim} = {{ attribute = \"a\" }}")));
        assert_eq!(
            mistake,
            format!("mine.toml:5:14: `token.claims.{claim}`: this claim is Mintmark's own; a dialect cannot set it")
        );
    }
    let mistakes = variant("request.auth = []").unwrap_err();
    assert!(mistakes.iter().any(|one| one.contains("an endpoint without authentication is not possible")), "{mistakes:?}");
    let mistakes = variant("request.auth = [{ method = \"none\" }]").unwrap_err();
    assert!(mistakes.iter().any(|one| one.contains("`request.auth.method`: expected")), "{mistakes:?}");
}

#[test]
fn s3_a_dialect_sets_no_framing_cookie_or_cors_header() {
    for header in [
        "Content-Length",
        "transfer-encoding",
        "connection",
        "Set-Cookie",
        "cookie",
        "Access-Control-Allow-Origin",
        "location",
        "cache-control",
        "www-authenticate",
        "authorization",
        "content-type",
        "host",
        "sec-anything",
        "x-accel-redirect",
        "surrogate-key",
        "cdn-cache-control",
        "expires",
        "link",
        "x-forwarded-for",
        "x-request-id",
    ] {
        for section in ["headers", "request.echo"] {
            let value = if section == "headers" { "\"x\"" } else { "40" };
            let mistake = only_mistake(variant(&format!("{section}.{header} = {value}")));
            assert!(mistake.contains("a dialect cannot set this header"), "{mistake}");
        }
    }
    assert!(only_mistake(variant("headers.\"no header\" = \"x\"")).contains("this is no header name"));
    assert!(only_mistake(variant("headers.x-a = \"ä\"")).contains("visible ASCII"));
    assert!(only_mistake(variant("headers.x-a = \"<access_token>\"")).contains("nothing fills the slot `<access_token>`"));
}

#[test]
fn s10_a_secret_is_not_taken_from_the_query() {
    let mistake = only_mistake(variant("parameters.client_secret.from = [\"body\", \"query\"]"));
    assert!(mistake.contains("what proves a client would stand in the log of every proxy"), "{mistake}");
}

#[test]
fn s3_a_header_that_comes_back_is_none_that_the_dialect_sets() {
    let mistake = only_mistake(variant("headers.x-limit = \"<rate.limit>\"\nrequest.echo.X-Limit = 40"));
    assert!(mistake.starts_with("mine.toml:5:9: `headers.x-limit`"), "{mistake}");
}

#[test]
fn s3_a_fault_is_answered_with_400_or_above_only() {
    for status in [200, 201, 302, 399, 600] {
        let mistakes = variant(&format!("faults.client_refused = {{ status = {status}, error = \"e\", text = \"t\" }}"));
        assert!(mistakes.unwrap_err()[0].contains("expected a whole number from 400 to 599"), "{status}");
    }
    let mistake = only_mistake(variant("faults.scope_refused = { status = 401, error = \"e\", text = \"t\" }"));
    assert!(mistake.contains("a 401 needs a challenge"), "{mistake}");
    let mistake =
        only_mistake(variant("faults.scope_refused = { status = 403, error = \"e\", text = \"t\", challenge = \"Basic\" }"));
    assert!(mistake.contains("only a 401 has a challenge"), "{mistake}");
}

#[test]
fn every_fault_that_can_happen_has_one_answer() {
    let missing = altered("standard.toml", "internal = {", "# internal = {");
    assert_eq!(missing, ["standard.toml:51:1: `faults`: these can happen and have no answer: internal"]);
    let doubled = altered("standard.toml", "[example]", "rate_limited = \"internal\"\n[example]");
    assert!(doubled[0].contains("duplicate key"), "{doubled:?}");
    let itself = only_mistake(variant("faults.scope_refused = \"business_refused\""));
    assert!(itself.contains("business_refused has no answer of its own to share"), "{itself}");
    let nothing = only_mistake(variant("faults.scope_refused = \"scope_refusd\""));
    assert!(nothing.contains("did you mean `scope_refused`?"), "{nothing}");
}

#[test]
fn faults_that_another_rule_makes_possible_need_an_answer_too() {
    for (rule, fault) in [("request.query = \"refuse\"", "query_refused"), ("route.owns = \"/mine/\"", "route_unknown")] {
        let mistake = only_mistake(variant(rule));
        assert!(mistake.ends_with(&format!("these can happen and have no answer: {fault}")), "{mistake}");
    }
}

#[test]
fn a_template_that_is_not_json_is_refused() {
    for body in [
        "{<access_token>,<expires_in>}",
        "<access_token><expires_in>",
        "[<access_token>,<expires_in>",
        "not json <access_token> <expires_in>",
    ] {
        assert!(only_mistake(variant(&format!("answer.body = '{body}'"))).contains("is not JSON"), "{body}");
    }
    assert!(variant("answer.body = '{}'").unwrap_err()[0].contains("a client cannot use the answer without <"));
    assert!(variant("answer.body = ''").is_err());
    assert!(
        only_mistake(variant("answer.body = '[<access_token>,<expires_in>,<client_secret>]'"))
            .contains("nothing fills the slot")
    );
}

#[test]
fn a_list_of_problems_is_json_or_refused() {
    let in_text = altered(
        "asset.toml",
        r#"body = '{"error":<error>,"data":<problems>}'"#,
        r#"body = '{"error":<error>,"data":"<problems>"}'"#,
    );
    assert!(in_text.iter().all(|one| one.contains("is not JSON")) && !in_text.is_empty(), "{in_text:#?}");
    let no_list = altered("asset.toml", "none = 'null'", "none = ''");
    assert!(no_list[0].contains("`error.problems.none`: expected JSON"), "{no_list:#?}");
    let no_entry = altered("asset.toml", r#"each = '{"loc":[<in>,<parameter>],"msg":<text>,"type":<code>}'"#, "each = ''");
    assert!(no_entry.iter().any(|one| one.contains("`error.problems.each`: expected JSON")), "{no_entry:#?}");
    let unwritten = only_mistake(variant("faults.payload_refused = { status = 400, body = '[<problems>]' }"));
    assert!(unwritten.contains("nothing says how <problems> are written"), "{unwritten}");
}

#[test]
fn with_all_problems_told_the_parameter_faults_share_one_status() {
    let found = altered("asset.toml", "grant_unsupported = { status = 422", "grant_unsupported = { status = 400");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("`faults.grant_unsupported`: with report = \"all\""), "{found:?}");
}

#[test]
fn parameters_come_from_where_they_are_read() {
    let query = "parameters.scope.from = [\"query\"]\nfaults.query_refused = \"payload_refused\"\nrequest.query = \"refuse\"";
    assert!(only_mistake(variant(query)).contains("scope comes from the query, which request.query refuses"));
    let mistakes = variant("request.body = []").unwrap_err();
    assert!(
        mistakes.iter().any(|one| one.contains("scope comes from the body, but request.body lists no type")),
        "{mistakes:?}"
    );
    for name in ["authorization", "Cookie"] {
        let header = format!("parameters.scope = {{ name = \"{name}\", from = [\"header\"] }}");
        assert!(only_mistake(variant(&header)).contains("is no header to read from"), "{name}");
    }
    assert!(only_mistake(variant("parameters.scope.from = []")).contains("expected at least one place"));
    assert!(only_mistake(variant("parameters.scope.name = \"grant_type\"")).contains("two parameters have the name"));
    let basic_alone = variant("request.auth = [{ method = \"client_secret_basic\", decode = \"raw\" }]").unwrap_err();
    assert_eq!(basic_alone.iter().filter(|mistake| mistake.contains("read by nothing")).count(), 2, "{basic_alone:?}");
}

#[test]
fn nobodys_rights_are_checked_before_it_is_known_who_asks() {
    let order = |order: &str| {
        let words: Vec<String> = order.split(' ').map(|word| format!("{word:?}")).collect();
        variant(&format!("request.order = [{}]", words.join(", ")))
    };
    assert!(order("query payload parameters credentials client permission scope resource business").is_ok());
    assert!(order("credentials parameters payload query client business resource scope permission").is_ok());
    let early = only_mistake(order("query payload parameters credentials scope client permission resource business"));
    assert!(early.contains("scope must come after client"), "{early}");
    let late = only_mistake(order("query payload credentials client parameters permission scope resource business"));
    assert!(late.contains("parameters must come before client"), "{late}");
    let missing = only_mistake(order("query payload parameters credentials client permission scope resource"));
    assert!(missing.contains("missing: business"), "{missing}");
    let twice = order("query query payload parameters credentials client permission scope resource business").unwrap_err();
    assert!(twice[0].contains("query is listed twice"), "{twice:?}");
}

#[test]
fn limits_and_lifetimes_have_bounds() {
    assert!(only_mistake(variant("token.lifetime = { default = 100, max = 99 }")).contains("is above the maximum"));
    assert!(only_mistake(variant("token.lifetime.max = 86401")).contains("from 1 to 86400"));
    assert!(only_mistake(variant("limits.client = 0")).contains("from 1 to 1000000000"));
    assert!(only_mistake(variant("parameters.scope.max = 8193")).contains("from 1 to 8192"));
    assert!(only_mistake(variant("token.algorithm = \"HS256\"")).starts_with("mine.toml:5:19: `token.algorithm`"));
    assert!(only_mistake(variant("token.algorithm = \"none\"")).starts_with("mine.toml:5:19: `token.algorithm`"));
}

#[test]
fn each_built_in_dialect_answers_what_it_can_reach() {
    for dialect in DialectSet::load(&[]).unwrap().iter() {
        for fault in [Fault::ClientRefused, Fault::RateLimited, Fault::Unavailable, Fault::Internal, Fault::MethodRefused] {
            assert!(dialect.faults.answers[Fault::ALL.iter().position(|known| *known == fault).unwrap()].is_some());
        }
    }
}
