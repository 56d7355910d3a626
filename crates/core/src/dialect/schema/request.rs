use http::HeaderName;

use super::answer::check_header_name;
use crate::dialect::auth_method::{AuthMethod, AuthMethods};
use crate::dialect::fault::Step;
use crate::dialect::rules::{
    BasicDecoding, BodyType, DpopRule, Encoding, Origin, Otherwise, Parameter, Repeated, Report, RequestRules, Role,
};
use crate::document::{Diagnostics, Place, TableReader};

const OTHERWISE: &[(&str, Otherwise)] = &[("ignore", Otherwise::Ignore), ("refuse", Otherwise::Refuse)];

/// What `[request]` says, before it is joined with `[parameters]`.
#[derive(Debug)]
pub(super) struct Partial {
    methods: AuthMethods,
    basic: Option<BasicDecoding>,
    dpop: DpopRule,
    body: Option<Vec<BodyType>>,
    other_body: Option<Otherwise>,
    unknown_fields: Option<Otherwise>,
    query: Option<Otherwise>,
    repeated: Option<Repeated>,
    encoding: Option<Encoding>,
    order: Option<Vec<Step>>,
    report: Option<Report>,
    pub(super) echo: Vec<(HeaderName, usize)>,
}

pub(super) fn read(table: TableReader<'_>) -> Partial {
    let (methods, basic) = read_auth(&table);
    let dpop = [("ignore", DpopRule::Ignore), ("accept", DpopRule::Accept), ("nonce", DpopRule::Nonce)];
    let partial = Partial {
        methods,
        basic,
        dpop: table.choice("dpop", &dpop).unwrap_or_default(),
        body: read_body(&table),
        other_body: table.required_choice("other_body", OTHERWISE),
        unknown_fields: table.required_choice("unknown_fields", OTHERWISE),
        query: table.required_choice("query", OTHERWISE),
        repeated: table.required_choice("repeated", &[("last", Repeated::Last), ("refuse", Repeated::Refuse)]),
        encoding: table.required_choice("encoding", &[("keep", Encoding::Keep), ("refuse", Encoding::Refuse)]),
        order: read_order(&table),
        report: table.required_choice("report", &[("first", Report::First), ("all", Report::All)]),
        echo: table.table("echo").as_ref().map(read_echo).unwrap_or_default(),
    };
    table.finish();
    partial
}

fn read_auth(table: &TableReader<'_>) -> (AuthMethods, Option<BasicDecoding>) {
    let words = AuthMethod::ALL.map(|method| (method.as_str(), method));
    let (mut methods, mut basic) = (AuthMethods::default(), None);
    let entries = table.required_tables("auth").unwrap_or_default();
    if entries.is_empty()
        && let Some(node) = table.node("auth")
    {
        let message = "`request.auth`: expected at least one method; an endpoint without authentication is not possible";
        table.diagnostics().report(&node.place, message);
    }
    for entry in entries {
        match entry.required_choice("method", &words) {
            Some(method) if methods.contains(method) => entry.report("`request.auth`: the method is listed twice"),
            Some(method) => {
                methods = methods.with(method);
                if method == AuthMethod::ClientSecretBasic {
                    basic = entry.required_choice("decode", &[("raw", BasicDecoding::Raw), ("form", BasicDecoding::Form)]);
                }
            }
            None => entry.also_known(&["decode"]),
        }
        entry.finish();
    }
    (methods, basic)
}

fn read_body(table: &TableReader<'_>) -> Option<Vec<BodyType>> {
    let words = [("form", BodyType::Form), ("multipart", BodyType::Multipart), ("json", BodyType::Json)];
    let texts = table.required_texts("body")?;
    let mut types = Vec::new();
    for (text, place) in texts {
        if let Some(body_type) = table.one_of("request.body", text, place, &words) {
            types.push(body_type);
        }
    }
    Some(types)
}

fn read_order(table: &TableReader<'_>) -> Option<Vec<Step>> {
    let texts = table.required_texts("order")?;
    let node = table.node("order")?;
    let mut order: Vec<Step> = Vec::new();
    for (text, place) in texts {
        let step = table.one_of("request.order", text, place, Step::WORDS)?;
        if order.contains(&step) {
            table.diagnostics().report(place, format!("`request.order`: {step} is listed twice"));
        }
        order.push(step);
    }
    let missing: Vec<&str> = Step::ALL.iter().filter(|step| !order.contains(step)).map(|step| step.as_str()).collect();
    if !missing.is_empty() {
        table
            .diagnostics()
            .report(&node.place, format!("`request.order`: every check has its turn; missing: {}", missing.join(", ")));
        return None;
    }
    let client = order.iter().position(|step| *step == Step::Client)?;
    for (at, step) in order.iter().enumerate() {
        if *step != Step::Client && step.follows_client() != (at > client) {
            let side = if step.follows_client() { "after" } else { "before" };
            let message = format!(
                "`request.order`: {step} must come {side} client: nobody's rights are decided before it is known who asks"
            );
            table.diagnostics().report(&node.place, message);
        }
    }
    Some(order)
}

fn read_echo(table: &TableReader<'_>) -> Vec<(HeaderName, usize)> {
    let mut echo = Vec::new();
    for (key, node) in table.all() {
        let path = table.path_of(&key.name);
        let name = check_header_name(table, key, &path);
        match node.value {
            crate::document::Value::Integer(max @ 1..=1024) => {
                echo.extend(name.map(|name| (name, usize::try_from(max).unwrap_or(0))));
            }
            _ => table.diagnostics().report(&node.place, format!("`{path}`: expected the longest value, from 1 to 1024")),
        }
    }
    echo
}

impl Partial {
    /// Joins both sections; what does not fit together is reported at `[parameters]`.
    pub(super) fn with_parameters(
        self,
        parameters: Vec<Parameter>,
        place: &Place,
        diagnostics: &Diagnostics,
    ) -> Option<RequestRules> {
        let report = |message: String| diagnostics.report(place, message);
        self.check_credentials(&parameters, report);
        self.check_origins(&parameters, report);
        Some(RequestRules {
            methods: self.methods,
            basic: self.basic,
            dpop: self.dpop,
            body: self.body?,
            other_body: self.other_body?,
            unknown_fields: self.unknown_fields?,
            query: self.query?,
            repeated: self.repeated?,
            encoding: self.encoding?,
            order: self.order?,
            report: self.report?,
            parameters,
            echo: self.echo,
        })
    }

    fn check_credentials(&self, parameters: &[Parameter], report: impl Fn(String)) {
        let has = |role| parameters.iter().any(|parameter| parameter.role == role);
        let post = self.methods.contains(AuthMethod::ClientSecretPost);
        if post && !(has(Role::ClientId) && has(Role::ClientSecret)) {
            report("`parameters`: client_secret_post of request.auth needs client_id and client_secret".to_owned());
        }
        if !post && has(Role::ClientSecret) {
            let message = "`parameters.client_secret` is read by nothing: add client_secret_post to request.auth or remove it";
            report(message.to_owned());
        }
        let assertions = self.methods.take_assertions();
        let (assertion, assertion_type) = (has(Role::ClientAssertion), has(Role::ClientAssertionType));
        if assertions && !(assertion && assertion_type) {
            let message = "`parameters`: the assertions of request.auth need client_assertion and client_assertion_type";
            report(message.to_owned());
        }
        if !assertions && (assertion || assertion_type) {
            let message = "`parameters`: client_assertion and client_assertion_type are read by nothing: add private_key_jwt to \
                           request.auth or remove them";
            report(message.to_owned());
        }
        let by_name_alone = self.methods.contains(AuthMethod::FederatedJwt) || self.methods.take_certificates();
        if by_name_alone && !has(Role::ClientId) {
            report(
                "`parameters`: certificates and other issuers' assertions need client_id, which they do not hold".to_owned(),
            );
        }
    }

    fn check_origins(&self, parameters: &[Parameter], report: impl Fn(String)) {
        for parameter in parameters {
            if self.query == Some(Otherwise::Refuse) && parameter.from.contains(&Origin::Query) {
                report(format!("`parameters`: {} comes from the query, which request.query refuses", parameter.name));
            }
            if self.body.as_ref().is_some_and(Vec::is_empty) && parameter.from.contains(&Origin::Body) {
                report(format!("`parameters`: {} comes from the body, but request.body lists no type", parameter.name));
            }
        }
    }
}
