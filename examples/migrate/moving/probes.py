"""What somebody who wants to know an endpoint asks it: good requests in each way that one knows of, and each mistake."""

import base64
import http.client
from urllib.parse import urlencode, urlsplit

GRANT = {"grant_type": "client_credentials"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def probe(url, other_path, basic_client, post_client):
    """Asks all of it, and gives what was asked with the statuses."""
    address = urlsplit(url)
    known = basic(basic_client["client_id"], basic_client["client_secret"])
    in_body = {name: post_client[name] for name in ("client_id", "client_secret")}
    wrong = "not-the-secret-of-anybody"

    def ask(what, headers, fields, method="POST", path=address.path, body=None):
        body = urlencode(fields) if body is None else body
        connection = http.client.HTTPConnection(address.netloc, timeout=30)
        connection.request(method, path, body or None, {**FORM, **headers})
        status = connection.getresponse().status
        connection.close()
        return what, status

    return [
        ask("Basic, no scope", known, GRANT),
        ask("Basic, one scope", known, {**GRANT, "scope": "read"}),
        ask("Basic, both scopes", known, {**GRANT, "scope": "read write"}),
        ask("secret in the body", {}, {**GRANT, **in_body, "scope": "read write"}),
        ask("another parameter", known, {**GRANT, "scope": "read", "other": "1"}),
        ask("a wrong secret", basic(basic_client["client_id"], wrong), GRANT),
        ask("a wrong secret in the body", {}, {**GRANT, **in_body, "client_secret": wrong}),
        ask("an unknown client", basic("nobody-knows-me", wrong), GRANT),
        ask("no credentials", {}, GRANT),
        ask("credentials that are none", {"Authorization": "Basic !!!"}, GRANT),
        ask("an unknown scope", known, {**GRANT, "scope": "admin"}),
        ask("an empty scope", known, {**GRANT, "scope": ""}),
        ask("a malformed scope", known, {**GRANT, "scope": 'read"'}),
        ask("no grant", known, {"scope": "read"}),
        ask("another grant", known, {"grant_type": "of-my-own"}),
        ask("a scope twice", known, [*GRANT.items(), ("scope", "read"), ("scope", "write")]),
        ask("JSON", {**known, "Content-Type": "application/json"}, {}, body='{"grant_type":"client_credentials"}'),
        ask("a query", known, GRANT, path=f"{address.path}?scope=read"),
        ask("GET", known, {}, method="GET"),
        ask("a slash more or less", known, GRANT, path=other_path),
    ]


def basic(client_id, client_secret):
    pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
