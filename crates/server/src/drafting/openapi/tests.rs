//! Small documents in the shapes that real ones have. Each gives a file that loads and answers as the document says.

use std::sync::Arc;

use mintmark_core::clock::Timestamp;
use mintmark_core::dialect::{AnswerContext, Dialect, Fault, Granted};

use super::*;

/// A framework's own document: `anyOf` with null, a default that is a slip, an absolute expiry, no RFC 6749 errors.
const FORM: &str = r"
openapi: 3.1.0
info: { title: Ledger API, version: '0.1' }
security: []
paths:
  /v0/session/token:
    post:
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema: { $ref: '#/components/schemas/Body_token' }
      responses:
        '200':
          content: { application/json: { schema: { $ref: '#/components/schemas/Token' } } }
        '401': { $ref: '#/components/responses/Bad' }
        '403': { $ref: '#/components/responses/Bad' }
        '404': { $ref: '#/components/responses/Bad' }
        '422': { $ref: '#/components/responses/Bad' }
components:
  responses:
    Bad:
      content: { application/json: { schema: { $ref: '#/components/schemas/Error' } } }
  schemas:
    Body_token:
      type: object
      required: [client_id]
      properties:
        client_id: { type: string, maxLength: 40 }
        client_secret: { type: string, default: kJ8s2LmQ0pXz7RtYv3Nw5Bc9Hf }
        grant_type: { $ref: '#/components/schemas/Grant', default: client_credentials }
        business_id: { anyOf: [{ type: string }, { type: 'null' }], examples: [biz_GA6EG2qFxA97NZHtxeLPUy] }
        expires_in: { type: integer, exclusiveMinimum: 0, default: 1800, maximum: 7200 }
        scope: { anyOf: [{ type: string }, { type: 'null' }] }
    Grant: { type: string, enum: [client_credentials] }
    Token:
      type: object
      properties:
        access_token: { type: string }
        token_type: { type: string, default: Bearer }
        expires_in: { type: integer, description: as a unix timestamp (seconds), examples: [1777657168] }
    Error:
      type: object
      properties:
        error: { anyOf: [{ type: string }, { type: 'null' }], description: A description of the error }
        data: { title: Data }
";

/// Basic and a form with the grant alone; the answer as an example; errors with RFC 6749's codes as named examples.
const BASIC: &str = r#"
openapi: 3.0.3
info: { title: '', version: 1.0.0 }
servers: [{ url: 'https://api.example.com/metrics/{version}', variables: { version: { default: v2 } } }]
paths:
  /auth/token/:
    post:
      security: [{ basicAuth: [] }]
      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              required: [grant_type]
              properties: { grant_type: { type: string, enum: [client_credentials, refresh_token] } }
      responses:
        '200':
          content:
            application/json:
              example: '{ "access_token": "ACCESS_TOKEN", "expires_in": 900, "token_type": "bearer", "scope": "all read" }'
        '400':
          content:
            application/json:
              examples:
                grant: { value: { error: unsupported_grant_type } }
                other: { value: { error: invalid_request } }
        '401':
          headers: { WWW-Authenticate: { schema: { type: string, example: 'Basic realm=metrics' } } }
          content: { application/json: { example: { error: invalid_client } } }
components: { securitySchemes: { basicAuth: { type: http, scheme: basic } } }
"#;

/// JSON with names of its own, a secret in a header, an envelope, several operations, the old kind of error.
const JSON: &str = r##"{
  "openapi": "3.0.1", "info": { "title": "Payments", "version": "3" },
  "paths": {
    "/login": { "post": {
      "requestBody": { "content": { "application/json": { "schema": { "type": "object",
        "properties": { "username": { "type": "string" }, "password": { "type": "string" } }, "required": ["password"] } } } },
      "responses": { "200": { "content": { "application/json": { "schema": { "properties": { "token": { "type": "string" } } } } } } } } },
    "/connect": { "post": {
      "parameters": [
        { "name": "X-Correlation-Id", "in": "header", "schema": { "type": "string", "maxLength": 36 } },
        { "name": "client-secret", "in": "header", "required": true, "schema": { "type": "string" } } ],
      "requestBody": { "content": { "application/json": { "schema": {
        "properties": { "clientId": { "type": "string", "example": "9f8e7d6c5b4a39281706" }, "tenant": { "type": "string" } },
        "required": ["clientId", "tenant"] } } } },
      "responses": {
        "201": {
          "headers": { "X-Correlation-Id": {}, "X-RateLimit-Limit": {}, "X-RateLimit-Remaining": {}, "X-Region": { "description": "where" } },
          "content": { "application/json": { "schema": { "properties": {
            "data": { "type": "object", "properties": {
              "accessToken": { "type": "string", "example": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln" },
              "expiresIn": { "type": "string", "example": "600" },
              "issuedAt": { "type": "integer", "example": 1777653568000 },
              "clientId": { "type": "string" },
              "refreshToken": { "type": "string" },
              "status": { "type": "string", "enum": ["approved"] } } } } } } } },
        "default": { "content": { "application/problem+json": { "schema": { "properties": {
          "timestamp": { "type": "string" }, "status": { "type": "integer" }, "title": { "type": "string" },
          "detail": { "type": "string" }, "code": { "type": "integer" }, "instance": { "type": "string" },
          "traceId": { "type": "string" }, "errors": { "type": "array", "items": { "$ref": "#/components/schemas/Error" } } } } } } } } } },
    "/other": { "post": { "$comment": "none of it", "responses": {} } }
  },
  "components": { "schemas": { "Error": { "type": "object", "properties": {
    "message": { "type": "string" }, "cause": { "$ref": "#/components/schemas/Error" } } } } }
}"##;

fn draft(document: &str, operation: Option<&str>) -> Result<Draft, String> {
    let operation = operation.map(|text| text.parse().unwrap());
    draft_from_openapi(&Tree::parse(document)?, "api.yaml", None, operation.as_ref())
}

fn load(draft: &Draft) -> (Arc<Dialect>, String) {
    let toml = draft.to_toml();
    let source = Arc::new(Source { name: "draft".to_owned(), text: toml.clone() });
    let set = DialectSet::load(&[source]).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{toml}"));
    (set.iter().last().unwrap().clone(), toml)
}

fn context() -> AnswerContext<'static> {
    AnswerContext {
        issuer: "https://auth.example",
        request_id: "req_1",
        path: "/path",
        rate: None,
        retry_after: None,
        dpop_nonce: None,
        echo: &[],
    }
}

fn answer(dialect: &Dialect) -> String {
    let granted = Granted {
        access_token: "a.b.c",
        token_type: "Bearer",
        expires_at: Timestamp(1_777_657_168),
        now: Timestamp(1_777_653_568),
        scope: "all read",
        client_id: "cli_1",
    };
    String::from_utf8(dialect.encode_token(granted, context()).body.to_vec()).unwrap()
}

fn fault(dialect: &Dialect, fault: Fault) -> (u16, String) {
    let encoded = dialect.encode_fault(fault, &[], context());
    (encoded.status.as_u16(), String::from_utf8(encoded.body.to_vec()).unwrap())
}

#[test]
fn a_form_with_post_credentials_becomes_a_dialect() {
    let (dialect, toml) = load(&draft(FORM, None).unwrap());
    assert_eq!((dialect.name.as_str(), dialect.route.path.as_str()), ("ledger-api", "/v0/session/token"));
    assert_eq!(answer(&dialect), r#"{"access_token":"a.b.c","token_type":"Bearer","expires_in":1777657168}"#);
    assert_eq!(
        fault(&dialect, Fault::ClientRefused),
        (401, r#"{"error":"Client authentication failed.","data":null}"#.to_owned())
    );
    assert_eq!(fault(&dialect, Fault::ScopeRefused).0, 403);
    assert_eq!(fault(&dialect, Fault::BusinessUnknown).0, 404);
    assert_eq!(fault(&dialect, Fault::ParameterMissing).0, 422);
    assert_eq!((dialect.token.lifetime_default, dialect.token.lifetime_max), (1800, 7200));
    assert!(toml.contains("client_id = { required = true, max = 40 }\n"), "told, so without a comment: {toml}");
    assert!(toml.contains("auth = [{ method = \"client_secret_post\" }]\n"), "{toml}");
    assert!(!toml.contains("kJ8s2LmQ0pXz7RtYv3Nw5Bc9Hf"), "a secret's default is never drafted");
    assert!(!toml.contains("biz_GA6EG2"), "nor an example of an identifier");
}

#[test]
fn basic_with_examples_becomes_a_dialect_with_their_spacing_and_codes() {
    let (dialect, toml) = load(&draft(BASIC, None).unwrap());
    assert_eq!(dialect.route.path, "/metrics/v2/auth/token/");
    assert_eq!(dialect.name.as_str(), "existing");
    assert_eq!(
        answer(&dialect),
        r#"{ "access_token": "a.b.c", "expires_in": 3600, "token_type": "bearer", "scope": "all read" }"#
    );
    assert_eq!(fault(&dialect, Fault::GrantUnsupported), (400, r#"{"error":"unsupported_grant_type"}"#.to_owned()));
    assert_eq!(fault(&dialect, Fault::ClientRefused), (401, r#"{"error":"invalid_client"}"#.to_owned()));
    let refused = dialect.encode_fault(Fault::ClientRefused, &[], context());
    assert_eq!(refused.headers["www-authenticate"], "Basic realm=metrics");
    assert_eq!(dialect.token.lifetime_default, 900);
    assert_eq!(dialect.example.granted.as_str(), "all read");
    assert!(toml.contains("values = [\"client_credentials\"]"), "other grants are not taken over: {toml}");
    assert!(!toml.contains("ACCESS_TOKEN"), "{toml}");
}

#[test]
fn json_with_names_of_its_own_becomes_a_dialect() {
    let drafted = draft(JSON, None).unwrap();
    let (dialect, toml) = load(&drafted);
    assert_eq!(
        answer(&dialect),
        r#"{"data":{"accessToken":"a.b.c","expiresIn":"3600","issuedAt":1777653568000,"clientId":"cli_1","status":"approved"}}"#
    );
    let (status, body) = fault(&dialect, Fault::ClientRefused);
    assert_eq!(status, 401);
    assert!(
        body.starts_with(r#"{"timestamp":"","status":401,"title":"Unauthorized","detail":"Client authentication failed.","code":401,"instance":"/path","traceId":"req_1","errors":[{"message":"#),
        "{body}"
    );
    assert!(toml.contains("client_id = { name = \"clientId\", required = true, max = 128 }"), "{toml}");
    assert!(
        toml.contains("client_secret = { name = \"client-secret\", from = [\"header\"], required = true, max = 256 }"),
        "{toml}"
    );
    assert!(toml.contains("X-Correlation-Id = 36") && toml.contains("x-ratelimit-limit = \"<rate.limit>\""), "{toml}");
    for told in ["\"tenant\" is required there", "x-region (where)", "problem+json", "answers with 201"] {
        assert!(drafted.remarks.iter().any(|remark| remark.contains(told)), "{told}: {:?}", drafted.remarks);
    }
    assert!(!toml.contains("9f8e7d6c") && !toml.contains("eyJ"), "no example that looks like a secret: {toml}");
}

#[test]
fn several_operations_are_told_and_one_can_be_chosen() {
    let path =
        BASIC.lines().skip_while(|line| !line.contains("/auth/token/:")).take_while(|line| !line.starts_with("components"));
    let again: Vec<String> = path.map(|line| line.replace("/auth/token/:", "/auth/v2/token:")).collect();
    let two = BASIC.replace("components:", &format!("{}\ncomponents:", again.join("\n")));
    let message = draft(&two, None).unwrap_err();
    assert!(message.contains("--operation 'POST /auth/token/'") && message.contains("'POST /auth/v2/token'"), "{message}");
    assert_eq!(draft(&two, Some("POST /auth/v2/token")).unwrap().path.value, "/metrics/v2/auth/v2/token");
    assert!(draft(&two, Some("POST /nowhere")).is_err());
    let told = two.replace(
        "securitySchemes: {",
        "securitySchemes: { o: { type: oauth2, flows: { clientCredentials: { tokenUrl: 'https://x/metrics/v2/auth/v2/token', scopes: { a: b } } } },",
    );
    assert_eq!(draft(&told, None).unwrap().path.value, "/metrics/v2/auth/v2/token", "the security scheme says which");
}

#[test]
fn a_document_with_the_url_alone_gives_a_dialect_as_rfc_6749_has_it() {
    let document = "openapi: 3.0.0\ninfo: { title: 3D Prints, version: '1' }\npaths: {}\ncomponents: { securitySchemes: { o: { type: oauth2, \
                    flows: { clientCredentials: { tokenUrl: 'https://api.example.com/oauth/token', scopes: { 'prints:read': read } } } } } }\n";
    let drafted = draft(document, None).unwrap();
    let (dialect, _) = load(&drafted);
    assert_eq!(drafted.replaces.as_deref(), Some("standard"), "it stands in the place of the built-in dialect at its path");
    assert_eq!(dialect.name.as_str(), "existing-3d-prints");
    assert_eq!(answer(&dialect), r#"{"access_token":"a.b.c","token_type":"Bearer","expires_in":3600,"scope":"all read"}"#);
    assert_eq!(dialect.example.granted.as_str(), "prints:read");
}

#[test]
fn references_are_followed_here_and_nowhere_else() {
    let away = FORM.replace("'#/components/schemas/Error'", "'https://attacker.example/error.yaml'");
    let drafted = draft(&away, None).unwrap();
    load(&drafted);
    let inner =
        FORM.replace("        '401': { $ref: '#/components/responses/Bad' }", "        '401': { $ref: 'other.yaml#/Bad' }");
    let remarks = draft(&inner, None).unwrap().remarks;
    assert!(remarks.iter().any(|remark| remark.contains("other.yaml#/Bad is another file")), "{remarks:?}");
    let circle = FORM.replace(
        "    Grant: {",
        "    A: { $ref: '#/components/schemas/B' }\n    B: { $ref: '#/components/schemas/A' }\n    Grant: {",
    );
    let circle = circle.replace("data: { title: Data }", "data: { $ref: '#/components/schemas/A' }");
    load(&draft(&circle, None).unwrap());
}

#[test]
fn a_document_cannot_write_into_the_file() {
    let hostile = FORM.replace("title: Ledger API", "title: \"x\\nname = 'y' # \\\"\"");
    let hostile = hostile.replace(
        "        error: {",
        "        \"a'\\\"<access_token>\\n\": { type: string, example: \"<<issuer> '''\" }\n        error: {",
    );
    let (dialect, _) = load(&draft(&hostile, None).unwrap());
    assert_eq!(dialect.name.as_str(), "x-name-y");
    assert!(fault(&dialect, Fault::ClientRefused).1.contains("<access_token>"));
}

#[test]
fn what_is_no_token_endpoint_is_refused_in_words() {
    let message = |document: &str| draft(document, None).unwrap_err();
    assert!(message("swagger: '2.0'").contains("Swagger 2.0"));
    assert!(message("a: 1").contains("expected an OpenAPI document"));
    assert!(message("openapi: 3.0.0\npaths: {}").contains("no operation"));
    let templated = FORM.replace("/v0/session/token:", "/{realm}/token:");
    assert!(message(&templated).contains("has parameters"));
    let query = JSON.replace("\"in\": \"header\", \"required\"", "\"in\": \"query\", \"required\"");
    let (_, toml) = load(&draft(&query, Some("POST /connect")).unwrap());
    assert!(
        toml.contains("it takes the secret from the query") && toml.contains("not told: how a client proves itself"),
        "{toml}"
    );
}
