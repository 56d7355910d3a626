"""Authlib's OAuth2Session gets tokens with Basic and with body credentials, and its RFC 9068 validator accepts them."""

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet

from issuers import TIMEOUT_SECONDS, environments_and_others
from verification import verified_claims

METHODS = ("client_secret_basic", "client_secret_post")


class Validator(JWTBearerTokenValidator):
    """A resource server's check of RFC 9068 section 4, with the keys that the metadata names."""

    def __init__(self, environment):
        super().__init__(issuer=environment.issuer, resource_server=environment.issuer)
        jwks = requests.get(environment.metadata["jwks_uri"], timeout=TIMEOUT_SECONDS).json()
        self.keys = KeySet.import_key_set(jwks)

    def get_jwks(self):
        return self.keys


def main():
    for environment, other in environments_and_others():
        for method in METHODS:
            assert method in environment.metadata["token_endpoint_auth_methods_supported"]
            for dialect in ("standard", "standard-metrics"):
                gets_a_token(environment, other, dialect, method)
            is_refused_by_the_other_environment(environment, other, method)


def gets_a_token(environment, other, dialect, method):
    client = environment.clients[dialect]
    scope = " ".join(client.scopes)
    answer = session(client, method, scope).fetch_token(environment.token_endpoints[dialect])
    assert answer["token_type"] == "Bearer"

    claims = verified_claims(answer["access_token"], environment, other, client)
    assert answer["expires_in"] == claims["exp"] - claims["iat"]
    assert answer["scope"] == claims["scope"] == scope, answer["scope"]

    validator = Validator(environment)
    token = validator.authenticate_token(answer["access_token"])
    validator.validate_token(token, scopes=[scope], request=None)
    print(f"ok: Authlib, {environment.name}, {dialect}, {method}")


def is_refused_by_the_other_environment(environment, other, method):
    client = environment.clients["standard"]
    try:
        session(client, method, None).fetch_token(other.token_endpoints["standard"])
    except OAuthError as error:
        assert error.error == "invalid_client", error
    else:
        raise AssertionError(f"{other.name} gave a token to a client of {environment.name}")


def session(client, method, scope):
    return OAuth2Session(
        client.client_id,
        client.client_secret,
        scope=scope,
        grant_type="client_credentials",
        token_endpoint_auth_method=method,
        default_timeout=TIMEOUT_SECONDS,
    )


if __name__ == "__main__":
    main()
