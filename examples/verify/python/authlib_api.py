"""A small API that lets in whoever brings an access token for it. Verified with Authlib.

ISSUER=https://auth.example.com AUDIENCE=https://api.example.com PORT=8000 python authlib_api.py
"""

import json
import logging
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from authlib.oauth2 import OAuth2Error, ResourceProtector
from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
JWKS_URI = os.environ.get("JWKS_URI", f"{ISSUER}/.well-known/jwks.json")
SCOPE = "ledger:read"
# What the environment signs with, and nothing else: never what the token says of itself (RFC 8725 section 3.1).
ALGORITHM = "ES256"
# Keys are asked for every five minutes, and held while nobody answers. A new key is published 15 minutes before it signs.
REFRESH_SECONDS = 300


class Keys:
    """The issuer's keys of one algorithm."""

    def __init__(self):
        self.held = self.fetch()
        threading.Thread(target=self.follow, daemon=True).start()

    @staticmethod
    def fetch():
        answer = requests.get(JWKS_URI, timeout=5, allow_redirects=False)
        answer.raise_for_status()
        return KeySet.import_key_set({"keys": [key for key in answer.json()["keys"] if key.get("alg") == ALGORITHM]})

    def follow(self):
        while True:
            time.sleep(REFRESH_SECONDS)
            try:
                self.held = self.fetch()
            except (requests.RequestException, ValueError, KeyError) as error:
                logging.warning("the keys that are held go on: %s", error)


class Validator(JWTBearerTokenValidator):
    """RFC 9068 section 4. Authlib also takes a token without a type; this does not."""

    def __init__(self, keys):
        super().__init__(issuer=ISSUER, resource_server=AUDIENCE)
        self.keys = keys

    def get_jwks(self):
        return self.keys.held

    def authenticate_token(self, token_string):
        try:
            token = super().authenticate_token(token_string)
        except ValueError as error:  # What is no JWT at all.
            raise InvalidTokenError() from error
        # One that is bound to a key or certificate is not for bearers.
        if "typ" not in token.header or "cnf" in token:
            raise InvalidTokenError()
        return token


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            claims = PROTECTOR.validate_request([SCOPE], self)
        except OAuth2Error as refused:
            status, _, headers = refused()
            challenge = dict(headers).get("WWW-Authenticate") or f'Bearer error="{refused.error}"'
            self.answer(status, {}, challenge if status in (401, 403) else None)
        else:
            names = ("client_id", "tenant_id", "business_id", "scope")
            self.answer(200, {name: claims.get(name) for name in names})

    def do_POST(self):
        self.close_connection = True  # The body is not read.
        self.do_GET()

    def answer(self, status, document, challenge=None):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    PROTECTOR = ResourceProtector()
    PROTECTOR.register_token_validator(Validator(Keys()))
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Api).serve_forever()
