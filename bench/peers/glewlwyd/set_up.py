"""set_up.py ORIGIN ALGORITHM KEYS hashed|clear: makes a scope, the plugin "api" and the client in a new Glewlwyd."""

import http.cookiejar
import json
import os
import sys
import time
import urllib.error
import urllib.request

SCOPE = {"name": "read", "display_name": "read", "description": "read", "password_required": False, "scheme": {}}


def plugin(issuer, algorithm, keys):
    return {
        "module": "oidc",
        "name": "api",
        "display_name": "api",
        "order_rank": 0,
        "readonly": False,
        "parameters": {
            "iss": issuer,
            "jwt-type": "rsa" if algorithm == "RS256" else "ecdsa",
            "jwt-key-size": "256",
            "key": read(keys, "private.pem"),
            "cert": read(keys, "public.pem"),
            "access-token-duration": 3600,
            "refresh-token-duration": 1209600,
            "code-duration": 600,
            "refresh-token-rolling": True,
            "allow-non-oidc": True,  # The grants of OAuth 2.0 alone.
            "auth-type-client-enabled": True,
            "auth-type-code-enabled": True,
            "auth-type-token-enabled": False,
            "auth-type-id-token-enabled": False,
            "auth-type-none-enabled": False,
            "auth-type-password-enabled": False,
            "auth-type-refresh-enabled": True,
            "subject-type": "public",
        },
    }


def client(storage):
    secret = os.environ["CLIENT_SECRET"]
    # Glewlwyd hashes a client's `password` and keeps its `client_secret` as it is; either authenticates the client.
    return {
        "client_id": os.environ["CLIENT_ID"],
        "name": "bench",
        "confidential": True,
        "enabled": True,
        "scope": ["read"],
        "redirect_uri": [],
        "authorization_type": ["client_credentials"],
        "token_endpoint_auth_method": ["client_secret_basic"],
        **({"password": secret} if storage == "hashed" else {"client_secret": secret}),
    }


def read(folder, name):
    with open(os.path.join(folder, name)) as file:
        return file.read()


class Administrator:
    def __init__(self, origin):
        self.api = origin + "/api"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        # No proxy: the server is on this machine.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def post(self, path, body):
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.api + path, json.dumps(body).encode(), headers)
        try:
            self.opener.open(request, timeout=30).close()
        except urllib.error.HTTPError as error:
            sys.exit(f"{path}: {error}: {error.read().decode()}")

    def sign_in(self):
        """With the password of every new database, which listens on the loopback interface only."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.post("/auth/", {"username": "admin", "password": "password"})
            except urllib.error.URLError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def main(origin, algorithm, keys, storage):
    administrator = Administrator(origin)
    administrator.sign_in()
    administrator.post("/scope/", SCOPE)
    administrator.post("/mod/plugin/", plugin(origin, algorithm, keys))
    administrator.post("/client/", client(storage))


main(*sys.argv[1:])
