"""The servers that are moved from: how each is started with its clients, how these are exported, and what is known to differ."""

import json
import os
import secrets
import string
from contextlib import contextmanager

from .programs import run, started

LETTERS = string.ascii_letters + string.digits


def make_clients(number, languages):
    """Clients with ids and secrets as django-oauth-toolkit makes them, each used by one of the fleet's programs."""
    return [
        {
            "client_id": "".join(secrets.choice(LETTERS) for _ in range(40)),
            "client_secret": "".join(secrets.choice(LETTERS) for _ in range(128)),
            "name": f"Client {at}",
            "language": languages[at % len(languages)],
        }
        for at in range(number)
    ]


class Django:
    name = "django-oauth-toolkit"
    dialect = "django"
    drafted = "django-drafted"
    path = "/o/token/"
    other_path = "/o/token"
    expires_in = 36000
    import_from = "django-oauth-toolkit"
    # Its clients may ask for all that the server knows.
    import_options = ("--scope", "read write")
    # What a dialect cannot say, or should not: what differs, what the old server has there, and why that may be.
    known_differences = [
        ("header allow", "POST, OPTIONS", "nothing needs OPTIONS"),
        ("header content-type", "text/html; charset=utf-8", "errors outside OAuth have no body, or are JSON as their body says"),
        ("status", "301", "308 keeps the method; after a 301 many clients send GET"),
    ]

    def __init__(self, example, state, folder):
        self.python = state.python
        self.project = example / "django"
        self.folder = folder
        self.environment = {**os.environ, "OLD_SERVER": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def make(self, clients):
        file = self.folder / "clients.json"
        file.write_text(json.dumps({"clients": clients}))
        self._manage("migrate", "--verbosity", "0")
        run(self.python, "make_clients.py", file, cwd=self.project, env=self.environment)

    @contextmanager
    def serving(self, _url):
        log = self.folder / "django.log"
        with started(self.python, "serve.py", log=log, cwd=self.project, env=self.environment) as program:
            yield int(program.first_line())

    def export(self):
        """As one does it with the real one."""
        file = self.folder / "dump.json"
        file.write_text(self._manage("dumpdata", "oauth2_provider.application"))
        return file

    def _manage(self, *arguments):
        return run(self.python, "manage.py", *arguments, cwd=self.project, env=self.environment)


class OidcProvider:
    name = "oidc-provider"
    dialect = "oidc-provider"
    drafted = "oidc-provider-drafted"
    path = "/token"
    other_path = "/token/"
    expires_in = 600
    import_from = "json"
    import_options = ()
    known_differences = [
        ("status", "200", "an unknown scope is passed over by this server and refused by Mintmark"),
        (
            "body",
            '{"access_token":"{{token}}","expires_in":600,"token_type":"Bearer"}',
            "who names no scope gets none from this server, and from Mintmark all that it has, and is told so",
        ),
        ("body", '{"error":"invalid_scope",*', "a scope that is no word is not kept, so that `verify` asks for another unknown one"),
        ("header www-authenticate", "(none)", "Mintmark has a challenge with each 401 (RFC 9110)"),
        ("header www-authenticate", "Basic realm=*", "the issuer, which is another one in `verify`"),
        ("header content-type", "text/plain; charset=utf-8", "the 404 to a GET has no body"),
        ("body", "{{body}}", "the 404 to a GET has no body"),
    ]

    def __init__(self, example, state, folder):
        self.program = example / "oidc-provider" / "serve.js"
        self.folder = folder
        self.file = folder / "clients.json"

    def make(self, clients):
        self.file.write_text(json.dumps([self._metadata(client) for client in clients]))

    @staticmethod
    def _metadata(client):
        """A client as oidc-provider is told of it (RFC 7591)."""
        return {
            "client_id": client["client_id"],
            "client_secret": client["client_secret"],
            "client_name": client["name"],
            "token_endpoint_auth_method": "client_secret_post" if client["language"] == "node" else "client_secret_basic",
            "grant_types": ["client_credentials"],
            "response_types": [],
            "redirect_uris": [],
            "scope": "read write",
        }

    @contextmanager
    def serving(self, url):
        with started("node", self.program, self.file, url, log=self.folder / "oidc-provider.log") as program:
            yield int(program.first_line())

    def export(self):
        """Its clients in the columns of `mintmark import json`."""
        columns = {"client_id": "client_id", "client_secret": "client_secret", "client_name": "name", "scope": "scopes"}
        clients = json.loads(self.file.read_text())
        file = self.folder / "clients-to-import.json"
        file.write_text(json.dumps([{column: client[key] for key, column in columns.items()} for client in clients]))
        return file
