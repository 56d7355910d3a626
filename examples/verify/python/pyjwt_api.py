"""A small API that lets in whoever brings an access token for it. Verified with PyJWT.

ISSUER=https://auth.example.com AUDIENCE=https://api.example.com PORT=8000 python pyjwt_api.py
"""

import json
import logging
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
JWKS_URI = os.environ.get("JWKS_URI", f"{ISSUER}/.well-known/jwks.json")
SCOPE = "ledger:read"
# What the environment signs with, and nothing else: never what the token says of itself (RFC 8725 section 3.1).
ALGORITHMS = ["ES256"]
REQUIRED = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"]
# Keys are asked for every five minutes, and held for a day while nobody answers. A new key is published 15 minutes before it signs.
REFRESH_SECONDS = 300
HOLD_SECONDS = 86_400
KEYS = jwt.PyJWKClient(JWKS_URI, lifespan=HOLD_SECONDS, timeout=5)


class Refused(Exception):
    def __init__(self, status, challenge=None):
        self.status, self.challenge = status, challenge


def authorize(authorization, scope):
    """The claims of the caller's token, if it is good here and allows `scope`."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(401, "Bearer")
    claims = verify(token)
    if scope not in claims.get("scope", "").split(" "):
        raise Refused(403, f'Bearer error="insufficient_scope", scope="{scope}"')
    return claims


def verify(token):
    try:
        key = KEYS.get_signing_key_from_jwt(token)
        verified = jwt.decode_complete(
            token, key, algorithms=ALGORITHMS, issuer=ISSUER, audience=AUDIENCE, leeway=30, options={"require": REQUIRED}
        )
    except jwt.PyJWKClientConnectionError as error:
        raise Refused(503) from error
    except (jwt.PyJWTError, ValueError) as error:
        logging.info("refused: %s", error)
        raise Refused(401, 'Bearer error="invalid_token"') from error
    # Other JWTs have the same issuer and key (RFC 9068 section 4). One bound to a key or certificate is not for bearers.
    is_access_token = verified["header"].get("typ", "").lower() in ("at+jwt", "application/at+jwt")
    if not is_access_token or "cnf" in verified["payload"]:
        raise Refused(401, 'Bearer error="invalid_token"')
    return verified["payload"]


def refresh():
    while True:
        time.sleep(REFRESH_SECONDS)
        try:
            KEYS.get_jwk_set(refresh=True)
        except (jwt.PyJWTError, ValueError) as error:
            logging.warning("the keys that are held go on: %s", error)


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            claims = authorize(self.headers["Authorization"], SCOPE)
        except Refused as refused:
            self.answer(refused.status, {}, refused.challenge)
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
    threading.Thread(target=refresh, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Api).serve_forever()
