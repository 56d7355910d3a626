//! Programs that get a token, for each dialect that a client may use. They are written from what the dialect itself says a client
//! sends, so that a dialect of an operator's own has them too.

use mintmark_core::crypto::SecretText;
use mintmark_core::dialect::{AuthMethod, Dialect, OutgoingProof, OutgoingRequest, TokenAsk};

use crate::dashboard::views::{Method, Snippet};
use crate::dashboard::words;

/// What stands in requests where the secret or the assertion goes. No encoding changes it.
const MARK: &str = "MINTMARK_PROOF_GOES_HERE";

/// Whose request it is.
pub(super) struct Asking<'a> {
    pub(super) client_id: &'a str,
    /// How the client proves itself.
    pub(super) method: Method,
    /// The secret, for the page that shows it.
    pub(super) secret: Option<&'a str>,
    /// The environment's issuer.
    pub(super) issuer: &'a str,
    /// The first scope that it may ask for.
    pub(super) scope: Option<&'a str>,
    /// The resource of that scope, where that is not the environment's own.
    pub(super) resource: Option<&'a str>,
}

/// What the programs read the secret or the assertion from.
fn variable(method: Method) -> &'static str {
    match method {
        Method::KeyPair | Method::SharedKey | Method::Federated => "CLIENT_ASSERTION",
        Method::Secret | Method::Certificate => "CLIENT_SECRET",
    }
}

/// The programs for one dialect; none where its wire has no place for how the client proves itself.
pub(super) fn of_dialect(dialect: &Dialect, asking: &Asking<'_>) -> Vec<Snippet> {
    let mark = SecretText::new(MARK.to_owned());
    let resources: Vec<String> = asking.resource.map(str::to_owned).into_iter().collect();
    let ask = TokenAsk {
        client_id: asking.client_id,
        client_secret: &mark,
        scope: asking.scope.filter(|_| dialect.needs_scope() || asking.resource.is_some()),
        business_id: None,
        resources: &resources,
        expires_in: None,
    };
    let proof = match asking.method {
        Method::Secret => OutgoingProof::Secret,
        Method::KeyPair | Method::SharedKey | Method::Federated => OutgoingProof::Assertion(&mark),
        Method::Certificate => OutgoingProof::Certificate,
    };
    if !takes(dialect, asking.method) {
        return Vec::new();
    }
    let (request, _) = dialect.outgoing_by(&ask, proof);
    let written = Written { request: &request, asking };
    let snippet = |language: &'static str, text: String| Snippet {
        id: format!("snippet-{}-{}", dialect.name, language.to_ascii_lowercase().replace('.', "")),
        dialect: dialect.name.to_string(),
        language,
        text,
    };
    let mut all = vec![snippet("curl", written.curl()), snippet("Python", written.python())];
    if asking.method != Method::Certificate {
        all.push(snippet("Node.js", written.node()));
        all.push(snippet("Go", written.go()));
        all.push(snippet("Rust", written.rust()));
        all.push(snippet("Java", written.java()));
    }
    all
}

/// Whether a client may prove itself so in a dialect.
fn takes(dialect: &Dialect, method: Method) -> bool {
    let methods = dialect.request.methods;
    match method {
        Method::Secret => methods.contains(AuthMethod::ClientSecretBasic) || methods.contains(AuthMethod::ClientSecretPost),
        Method::KeyPair => methods.contains(AuthMethod::PrivateKeyJwt),
        Method::SharedKey => methods.contains(AuthMethod::ClientSecretJwt),
        Method::Federated => methods.contains(AuthMethod::FederatedJwt),
        Method::Certificate => methods.take_certificates(),
    }
}

/// The claims of the assertion that a client with a key makes.
pub(super) fn assertion_claims(asking: &Asking<'_>) -> String {
    let (id, issuer) = (asking.client_id, asking.issuer);
    let note = words::result::ASSERTION_NOTE;
    format!(
        "{note}\n{{\n  \"iss\": \"{id}\",\n  \"sub\": \"{id}\",\n  \"aud\": \"{issuer}\",\n  \"jti\": \"<a new random text>\",\n  \"iat\": \
         <now>,\n  \"exp\": <now + 60>\n}}"
    )
}

/// One request, in each language.
struct Written<'a> {
    request: &'a OutgoingRequest,
    asking: &'a Asking<'a>,
}

impl Written<'_> {
    fn url(&self) -> String {
        format!("{}{}", self.asking.issuer, self.request.target)
    }

    /// A text of a language, with the variable where the mark is. `read` reads it, `join` puts texts together.
    fn text(text: &str, (read, join): (&str, &str)) -> String {
        let quoted = |part: &str| serde_json::to_string(part).unwrap_or_default();
        let mut parts = Vec::new();
        for (number, part) in text.split(MARK).enumerate() {
            if number > 0 {
                parts.push(read.to_owned());
            }
            if !part.is_empty() {
                parts.push(quoted(part));
            }
        }
        if parts.is_empty() { quoted("") } else { parts.join(join) }
    }

    fn curl(&self) -> String {
        let line = self.request.to_curl(self.asking.issuer);
        let line = if self.asking.method == Method::Certificate {
            line.replacen("curl -s", "curl -s --cert client.crt --key client.key", 1)
        } else {
            line
        };
        match self.asking.secret {
            Some(secret) => line.replace(MARK, secret),
            // Out of the single quotes, into double ones, and back.
            None => line.replace(MARK, &format!("'\"${}\"'", variable(self.asking.method))),
        }
    }

    fn python(&self) -> String {
        let text = |value: &str| Self::text(value, (&format!("os.environ[\"{}\"]", variable(self.asking.method)), " + "));
        let mut lines = vec!["import os".to_owned(), "import requests".to_owned(), String::new()];
        lines.push("answer = requests.request(".to_owned());
        lines.push(format!("    \"{}\", {},", self.request.method, text(&self.url())));
        if let Some((id, secret)) = &self.request.basic {
            lines.push(format!("    auth=({}, {}),", text(id), text(secret)));
        }
        if self.asking.method == Method::Certificate {
            lines.push("    cert=(\"client.crt\", \"client.key\"),".to_owned());
        }
        let pairs = |pairs: &[(String, String)]| {
            let pairs = pairs.iter().map(|(name, value)| format!("{}: {}", text(name), text(value)));
            pairs.collect::<Vec<_>>().join(", ")
        };
        if !self.request.headers.is_empty() {
            lines.push(format!("    headers={{{}}},", pairs(&self.request.headers)));
        }
        if !self.request.fields.is_empty() {
            let member = if self.request.json { "json" } else { "data" };
            lines.push(format!("    {member}={{{}}},", pairs(&self.request.fields)));
        }
        lines.push("    timeout=10,".to_owned());
        lines.extend([")", "answer.raise_for_status()", "print(answer.json())"].map(str::to_owned));
        lines.join("\n")
    }

    fn node(&self) -> String {
        let text = |value: &str| Self::text(value, (&format!("process.env.{}", variable(self.asking.method)), " + "));
        let mut headers: Vec<String> =
            self.request.headers.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect();
        if let Some((id, secret)) = &self.request.basic {
            let pair = format!("Buffer.from({} + {})", text(&format!("{id}:")), text(secret));
            headers.push(format!("Authorization: \"Basic \" + {pair}.toString(\"base64\")"));
        }
        let pairs = self.request.fields.iter().map(|(name, value)| format!("{}: {}", text(name), text(value)));
        let pairs = format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "));
        let body = match (self.request.fields.is_empty(), self.request.json) {
            (true, _) => None,
            (false, true) => {
                headers.push("\"Content-Type\": \"application/json\"".to_owned());
                Some(format!("JSON.stringify({pairs})"))
            }
            (false, false) => Some(format!("new URLSearchParams({pairs})")),
        };
        let mut lines = vec![format!("const answer = await fetch({}, {{", text(&self.url()))];
        lines.push(format!("  method: \"{}\",", self.request.method));
        if !headers.is_empty() {
            lines.push(format!("  headers: {{ {} }},", headers.join(", ")));
        }
        lines.extend(body.map(|body| format!("  body: {body},")));
        lines.extend(
            ["});", "if (!answer.ok) throw new Error(await answer.text());", "console.log(await answer.json());"]
                .map(str::to_owned),
        );
        lines.join("\n")
    }

    fn go(&self) -> String {
        let text = |value: &str| Self::text(value, (&format!("os.Getenv(\"{}\")", variable(self.asking.method)), " + "));
        let body = self.request.body();
        let reader = body.as_ref().map_or("nil".to_owned(), |(_, body)| format!("strings.NewReader({})", text(body)));
        let strings = if body.is_some() { "\n\t\"strings\"" } else { "" };
        let mut lines = vec![format!(
            "package main\n\nimport (\n\t\"fmt\"\n\t\"io\"\n\t\"net/http\"\n\t\"os\"{strings}\n)\n\nfunc main() {{\n\trequest, err := \
             http.NewRequest(\"{}\", {}, {reader})\n\tif err != nil {{\n\t\tpanic(err)\n\t}}",
            self.request.method,
            text(&self.url()),
        )];
        if let Some((id, secret)) = &self.request.basic {
            lines.push(format!("\trequest.SetBasicAuth({}, {})", text(id), text(secret)));
        }
        let kind = body.map(|(kind, _)| ("Content-Type".to_owned(), kind.to_owned()));
        let set = |(name, value): (String, String)| format!("\trequest.Header.Set({}, {})", text(&name), text(&value));
        lines.extend(kind.into_iter().chain(self.request.headers.clone()).map(set));
        lines.push(
            "\tanswer, err := http.DefaultClient.Do(request)\n\tif err != nil {\n\t\tpanic(err)\n\t}\n\tdefer \
             answer.Body.Close()\n\tbody, _ := io.ReadAll(answer.Body)\n\tfmt.Fprintln(os.Stderr, answer.Status)\n\tfmt.Println(string(body))\n}"
                .to_owned(),
        );
        lines.join("\n")
    }

    fn rust(&self) -> String {
        let read = format!("std::env::var(\"{}\")?", variable(self.asking.method));
        let text = |value: &str| match value.split_once(MARK) {
            None => serde_json::to_string(value).unwrap_or_default(),
            Some(("", "")) => read.clone(),
            Some(_) => format!(
                "format!({}, {read})",
                serde_json::to_string(&value.replace('{', "{{").replace('}', "}}").replace(MARK, "{}")).unwrap_or_default()
            ),
        };
        let mut lines = vec![
            "// reqwest with the features \"json\" and \"form\"; tokio with \"macros\" and \"rt-multi-thread\"".to_owned(),
            "#[tokio::main]\nasync fn main() -> Result<(), Box<dyn std::error::Error>> {".to_owned(),
            "    let answer = reqwest::Client::new()".to_owned(),
            format!("        .request(reqwest::Method::{}, {})", self.request.method, text(&self.url())),
        ];
        if let Some((id, secret)) = &self.request.basic {
            lines.push(format!("        .basic_auth({}, Some({}))", text(id), text(secret)));
        }
        lines.extend(
            self.request.headers.iter().map(|(name, value)| format!("        .header({}, {})", text(name), text(value))),
        );
        if !self.request.fields.is_empty() {
            let pairs =
                self.request.fields.iter().map(|(name, value)| format!("({}, {}.to_string())", text(name), text(value)));
            let pairs = pairs.collect::<Vec<_>>().join(", ");
            lines.push(if self.request.json {
                format!("        .json(&std::collections::HashMap::from([{pairs}]))")
            } else {
                format!("        .form(&[{pairs}])")
            });
        }
        lines.push(
            "        .send().await?.error_for_status()?;\n    println!(\"{}\", answer.text().await?);\n    Ok(())\n}"
                .to_owned(),
        );
        lines.join("\n")
    }

    fn java(&self) -> String {
        let text = |value: &str| Self::text(value, (&format!("System.getenv(\"{}\")", variable(self.asking.method)), " + "));
        let body = self.request.body();
        let publisher = body.as_ref().map_or("noBody()".to_owned(), |(_, body)| format!("ofString({})", text(body)));
        let mut lines = vec![
            "import java.net.URI;\nimport java.net.http.*;\nimport java.util.Base64;\n".to_owned(),
            "class Token {\n  public static void main(String[] arguments) throws Exception {".to_owned(),
            format!("    var request = HttpRequest.newBuilder(URI.create({}))", text(&self.url())),
        ];
        if let Some((id, secret)) = &self.request.basic {
            let pair = format!("({} + {}).getBytes()", text(&format!("{id}:")), text(secret));
            lines.push(format!("      .header(\"Authorization\", \"Basic \" + Base64.getEncoder().encodeToString({pair}))"));
        }
        let kind = body.map(|(kind, _)| ("Content-Type".to_owned(), kind.to_owned()));
        let set = |(name, value): (String, String)| format!("      .header({}, {})", text(&name), text(&value));
        lines.extend(kind.into_iter().chain(self.request.headers.clone()).map(set));
        lines.push(format!("      .method(\"{}\", HttpRequest.BodyPublishers.{publisher}).build();", self.request.method));
        lines.push(
            "    var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());\n    \
             System.out.println(answer.body());\n  }\n}"
                .to_owned(),
        );
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use mintmark_core::dialect::DialectSet;

    use super::*;

    fn all(method: Method, secret: Option<&str>) -> Vec<Snippet> {
        let set = DialectSet::load(&[]).unwrap();
        let asking =
            Asking { client_id: "cli_1", method, secret, issuer: "https://auth.example", scope: Some("read"), resource: None };
        set.iter().flat_map(|dialect| of_dialect(dialect, &asking)).collect()
    }

    #[test]
    fn every_built_in_dialect_has_a_program_in_each_language() {
        let all = all(Method::Secret, Some("mms_secret"));
        assert_eq!(all.len(), DialectSet::load(&[]).unwrap().iter().count() * 6);
        for snippet in &all {
            assert!(snippet.text.contains("https://auth.example/"), "{}", snippet.text);
            assert!(!snippet.text.contains(MARK), "{}", snippet.text);
            let held = if snippet.language == "curl" { "mms_secret" } else { "CLIENT_SECRET" };
            assert!(snippet.text.contains(held), "{}", snippet.text);
            assert_eq!(snippet.text.contains("mms_secret"), snippet.language == "curl", "{}", snippet.text);
        }
    }

    #[test]
    fn without_the_secret_the_command_reads_it_from_the_environment() {
        let all = all(Method::Secret, None);
        let curl = all.iter().find(|one| one.dialect == "standard" && one.language == "curl").unwrap();
        assert!(curl.text.contains("-u 'cli_1:'\"$CLIENT_SECRET\"''"), "{}", curl.text);
    }

    #[test]
    fn a_client_with_a_key_sends_an_assertion_where_the_dialect_takes_one() {
        let all = all(Method::KeyPair, None);
        assert!(all.iter().any(|one| one.dialect == "standard"));
        assert!(all.iter().all(|one| one.text.contains("CLIENT_ASSERTION") && one.text.contains("client_assertion")));
    }
}
