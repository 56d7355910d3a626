"""The requests of the three providers' documents, sent with plain requests, and their tokens verified with PyJWT."""

import requests

from issuers import TIMEOUT_SECONDS, environments_and_others
from verification import verified_claims


def main():
    for environment, other in environments_and_others():
        for check in (asset, asset_for_a_business, asset_for_some_scopes, standard_metrics, firstvision):
            check(environment, other)
            print(f"ok: requests, {environment.name}, {check.__name__}")


def asset(environment, other):
    claims = asset_claims(environment, other, {})
    granted = environment.clients["asset"].scopes
    assert sorted(claims["scope"].split()) == sorted(granted), "no scope asked means all that is granted"
    assert "business_id" not in claims


def asset_for_a_business(environment, other):
    business_id = environment.clients["asset"].business_id
    assert asset_claims(environment, other, {"business_id": business_id})["business_id"] == business_id


def asset_for_some_scopes(environment, other):
    scope = "ledger:create ledger:update ledger:read"
    claims = asset_claims(environment, other, {"scope": scope})
    assert sorted(claims["scope"].split()) == sorted(scope.split())


def asset_claims(environment, other, fields):
    client = environment.clients["asset"]
    form = {"client_id": client.client_id, "client_secret": client.client_secret, **fields}
    answer = post(environment.token_endpoints["asset"], data=form)
    assert list(answer) == ["access_token", "token_type", "expires_in"], list(answer)
    assert answer["token_type"] == "Bearer"
    claims = verified_claims(answer["access_token"], environment, other, client)
    assert answer["expires_in"] == claims["exp"], "a unix timestamp, not a number of seconds"
    assert claims["exp"] - claims["iat"] == 3600
    return claims


def standard_metrics(environment, other):
    client = environment.clients["standard-metrics"]
    answer = post(
        environment.token_endpoints["standard-metrics"],
        data={"grant_type": "client_credentials"},
        auth=(client.client_id, client.client_secret),
    )
    assert list(answer) == ["access_token", "expires_in", "token_type", "scope"], list(answer)
    assert answer["token_type"] == "Bearer"
    claims = verified_claims(answer["access_token"], environment, other, client)
    assert answer["expires_in"] == claims["exp"] - claims["iat"] == 3600
    assert answer["scope"] == claims["scope"] == "all read write", answer["scope"]


def firstvision(environment, other):
    client = environment.clients["firstvision"]
    for scope in ("edit", "all"):
        answer = post(
            environment.token_endpoints["firstvision"],
            params={"scope": scope},
            auth=(client.client_id, client.client_secret),
        )
        assert list(answer) == ["access_token", "expires_in", "token_type"], list(answer)
        assert answer["token_type"] == "Bearer"
        claims = verified_claims(answer["access_token"], environment, other, client, algorithm="RS256")
        assert answer["expires_in"] == claims["exp"], "a unix timestamp, not a number of seconds"
        assert claims["exp"] - claims["iat"] == 7200
        assert claims["scope"] == scope
        assert claims["firstVisionId"], "the user id bound to the client"


def post(url, **request):
    answer = requests.post(url, timeout=TIMEOUT_SECONDS, **request)
    assert answer.status_code == 200, f"{url}: {answer.status_code} {answer.text}"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


if __name__ == "__main__":
    main()
