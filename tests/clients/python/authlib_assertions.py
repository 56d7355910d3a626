"""Authlib proves clients by assertion (RFC 7523), introspects (RFC 7662) and revokes (RFC 7009), and accepts tokens (RFC 9068).

Takes one argument, a JSON file with the issuer, the program, its configuration, and files with certificates.
"""

import json
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc6750 import InsufficientScopeError, InvalidTokenError
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from authlib.oauth2.rfc7662 import IntrospectTokenValidator
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

TIMEOUT_SECONDS = 10
OPAQUE = "https://opaque.example"
KEYS = {
    "ES256": lambda: ECKey.generate_key("P-256"),
    "PS256": lambda: RSAKey.generate_key(2048),
    "RS256": lambda: RSAKey.generate_key(2048),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519"),
}

with open(sys.argv[1], encoding="utf-8") as file:
    JUDGED = json.load(file)
ISSUER = JUDGED["issuer"]
METADATA = requests.get(f"{ISSUER}/.well-known/oauth-authorization-server", timeout=TIMEOUT_SECONDS).json()
assert METADATA["issuer"] == ISSUER, METADATA


def main():
    for algorithm in KEYS:
        private_key_jwt(algorithm)
    client_secret_jwt()
    the_librarys_own_audience_is_for_clients_of_the_old_way()
    claims_given_by_the_caller_make_one_assertion_alone()
    introspection_and_revocation()
    a_resource_server_accepts_tokens_for_it_alone()


def private_key_jwt(algorithm):
    key = KEYS[algorithm]()
    client_id = new_client(algorithm, *public_key_file(key, algorithm))["client"]["id"]
    method = PrivateKeyJWT(ISSUER, alg=algorithm)
    session = session_with(client_id, key, method)
    # The library's assertions are good for an hour; this server takes them for five minutes after their iat.
    first, second = token(session), token(session)
    assert first["token_type"] == "Bearer" and first["access_token"] != second["access_token"]
    assert token(session, scope="edit")["scope"] == "edit", "other parameters go beside the assertion"

    stranger = session_with(client_id, KEYS[algorithm](), PrivateKeyJWT(ISSUER, alg=algorithm))
    with refused("invalid_client"):
        token(stranger)
    print(f"ok: PrivateKeyJWT, {algorithm}")


def client_secret_jwt():
    created = new_client("Shared")
    client_id = created["client"]["id"]
    shared = mintmark("credential", "add-shared-key", client_id, "--environment", "sandbox")["shared_key"]
    assert token(session_with(client_id, shared, ClientSecretJWT(ISSUER)))["scope"]
    with refused("invalid_client"):
        token(session_with(client_id, created["client_secret"], ClientSecretJWT(ISSUER)))
    with refused("invalid_client"):
        token(session_with(client_id, shared, ClientSecretJWT(ISSUER, alg="HS512")))
    print("ok: ClientSecretJWT")


def the_librarys_own_audience_is_for_clients_of_the_old_way():
    """Left alone, Authlib names the token endpoint as audience, as RFC 7523 had it before it was found to be dangerous."""
    key = KEYS["ES256"]()
    options = public_key_file(key, "ES256")
    strict = new_client("Strict", *options)["client"]["id"]
    legacy = new_client("Legacy", *options, "--assertion-audience", "legacy")["client"]["id"]
    with refused("invalid_client"):
        token(session_with(strict, key, PrivateKeyJWT(alg="ES256")))
    assert token(session_with(legacy, key, PrivateKeyJWT(alg="ES256")))["scope"]
    assert token(session_with(legacy, key, PrivateKeyJWT(ISSUER, alg="ES256")))["scope"]
    print("ok: audiences")


def claims_given_by_the_caller_make_one_assertion_alone():
    """Authlib writes its jti into the claims that it was given, and so repeats it: the second assertion was used before."""
    key = KEYS["ES256"]()
    client_id = new_client("Claims", *public_key_file(key, "ES256"))["client"]["id"]
    session = session_with(client_id, key, PrivateKeyJWT(ISSUER, claims={"note": "mine"}, alg="ES256"))
    token(session)
    with refused("invalid_client"):
        token(session)
    now = int(time.time())
    for claims in ({"exp": now - 60}, {"iat": now - 400}, {"iat": now + 120}, {"aud": [ISSUER, "https://other.example"]}):
        with refused("invalid_client"):
            token(session_with(client_id, key, PrivateKeyJWT(ISSUER, claims=claims, alg="ES256")))
    print("ok: claims of assertions")


class Introspecting(IntrospectTokenValidator):
    """A resource server's check that asks the issuer."""

    def __init__(self, session):
        super().__init__()
        self.session = session

    def introspect_token(self, token_string):
        answer = self.session.introspect_token(
            METADATA["introspection_endpoint"], token_string, token_type_hint="access_token"
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


def introspection_and_revocation():
    key = KEYS["ES256"]()
    client_id = new_client("Owner", *public_key_file(key, "ES256"))["client"]["id"]
    grant(client_id)
    session = session_with(client_id, key, PrivateKeyJWT(ISSUER, alg="ES256"))
    service = Introspecting(with_secret(new_client("Service", "--serve", OPAQUE)))
    stranger = with_secret(new_client("Stranger"))
    text = token(session, scope="edit", resource=OPAQUE)["access_token"]
    assert text.count(".") == 0, "an opaque token"

    for validator in (service, Introspecting(session)):
        seen = validator.authenticate_token(text)
        assert (seen["client_id"], seen["aud"], seen["scope"]) == (client_id, OPAQUE, "edit"), seen
        validator.validate_token(seen, ["edit"], None)
        with raises(InsufficientScopeError):
            validator.validate_token(seen, ["read"], None)
    assert Introspecting(stranger).authenticate_token(text) == {"active": False}

    assert stranger.revoke_token(METADATA["revocation_endpoint"], text).status_code == 200
    assert service.authenticate_token(text)["active"] is True
    # Authlib does not sign assertions for this endpoint unless it is told that it is authenticated so, too.
    answer = session.revoke_token(METADATA["revocation_endpoint"], text, token_type_hint="refresh_token")
    assert (answer.status_code, answer.content) == (200, b""), answer.text
    eventually(lambda: service.authenticate_token(text) == {"active": False})
    with raises(InvalidTokenError):
        service.validate_token(service.authenticate_token(text), ["edit"], None)
    print("ok: IntrospectTokenValidator and revoke_token")


class Validator(JWTBearerTokenValidator):
    """A resource server's check of RFC 9068 section 4."""

    def get_jwks(self):
        return KeySet.import_key_set(requests.get(METADATA["jwks_uri"], timeout=TIMEOUT_SECONDS).json())


def a_resource_server_accepts_tokens_for_it_alone():
    key = KEYS["EdDSA"]()
    client_id = new_client("Caller", *public_key_file(key, "EdDSA"))["client"]["id"]
    session = session_with(client_id, key, PrivateKeyJWT(ISSUER, alg="EdDSA"))
    text = token(session, scope="edit")["access_token"]
    own = Validator(issuer=ISSUER, resource_server=ISSUER)
    claims = own.authenticate_token(text)
    own.validate_token(claims, ["edit"], None)
    assert claims["client_id"] == claims["sub"] == client_id
    with raises(InsufficientScopeError):
        own.validate_token(claims, ["read"], None)
    for other in (Validator(issuer=ISSUER, resource_server=OPAQUE), Validator(issuer=OPAQUE, resource_server=ISSUER)):
        with raises(InvalidTokenError):
            other.validate_token(other.authenticate_token(text), ["edit"], None)
    print("ok: JWTBearerTokenValidator")


def session_with(client_id, key, method):
    session = OAuth2Session(
        client_id,
        key,
        token_endpoint_auth_method=method.name,
        revocation_endpoint_auth_method=method.name,
        default_timeout=TIMEOUT_SECONDS,
    )
    session.register_client_auth_method(method)
    return session


def with_secret(created):
    return OAuth2Session(created["client"]["id"], created["client_secret"], default_timeout=TIMEOUT_SECONDS)


def token(session, **parameters):
    return session.fetch_token(METADATA["token_endpoint"], grant_type="client_credentials", **parameters)


@contextmanager
def refused(error):
    """The block must be refused with this error."""
    try:
        yield
    except OAuthError as raised:
        assert raised.error == error, raised
        return
    raise AssertionError(f"accepted, where {error} was due")


@contextmanager
def raises(error):
    """The block must raise this."""
    try:
        yield
    except error:
        return
    raise AssertionError(f"accepted, where {error.__name__} was due")


def eventually(is_so):
    """Until the node has heard of a change, which takes it one poll of the change feed."""
    for _ in range(200):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("the change was not heard of")


def new_client(name, *options):
    common = ("--environment", "sandbox", "--dialect", "standard")
    return mintmark("client", "create", name, *common, "--scope", "edit read", *options)


def grant(client_id):
    mintmark("client", "update", client_id, "--resource", OPAQUE, "--scope", "edit")


def public_key_file(key, algorithm):
    with tempfile.NamedTemporaryFile("w", dir=JUDGED["folder"], suffix=".json", delete=False) as out:
        json.dump({**key.as_dict(private=False), "alg": algorithm}, out)
    return "--jwk", out.name


def mintmark(*words):
    command = [JUDGED["program"], *words, "--config", JUDGED["config"], "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


if __name__ == "__main__":
    main()
