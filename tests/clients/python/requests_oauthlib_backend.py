"""requests-oauthlib's session with oauthlib's BackendApplicationClient gets tokens, with Basic and with body credentials."""

from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError
from requests_oauthlib import OAuth2Session

from issuers import TIMEOUT_SECONDS, environments_and_others
from verification import refusal, verified_claims


def main():
    for environment, other in environments_and_others():
        for in_body in (False, True):
            for dialect in ("standard", "standard-metrics"):
                gets_a_token(environment, other, dialect, in_body)
            with refusal(InvalidClientError):
                fetch(environment.clients["standard"], other.token_endpoints["standard"], in_body, None)


def gets_a_token(environment, other, dialect, in_body):
    client = environment.clients[dialect]
    # Asking for one scope of several; the library raises when the answer names another.
    answer = fetch(client, environment.token_endpoints[dialect], in_body, [client.scopes[0]])
    assert answer["token_type"] == "Bearer"

    claims = verified_claims(answer["access_token"], environment, other, client)
    assert answer["expires_in"] == claims["exp"] - claims["iat"]
    assert claims["scope"] == client.scopes[0]
    print(f"ok: requests-oauthlib, {environment.name}, {dialect}, {'body' if in_body else 'Basic'}")


def fetch(client, token_endpoint, in_body, scope):
    session = OAuth2Session(client=BackendApplicationClient(client_id=client.client_id, scope=scope))
    return session.fetch_token(
        token_endpoint,
        client_secret=client.client_secret,
        include_client_id=in_body,
        timeout=TIMEOUT_SECONDS,
    )


if __name__ == "__main__":
    main()
