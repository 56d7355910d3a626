"""The fleet's program in Python: gets tokens with requests-oauthlib, one client after the other.

    client.py FLEET.json

Prints a line for each request: `ok CLIENT` or `failed CLIENT WHY`. It ends when nobody reads them any more.
"""

import json
import re
import sys
from itertools import cycle, islice

from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session


def main(fleet):
    for client in islice(cycle(fleet["clients"]), fleet["most_requests"]):
        client_id = client["client_id"]
        try:
            check(token(fleet, client), fleet)
            print("ok", client_id, flush=True)
        except BrokenPipeError:
            break
        except Exception as error:
            print("failed", client_id, repr(error), flush=True)


def token(fleet, client):
    backend = BackendApplicationClient(client_id=client["client_id"], scope=fleet["scope"].split())
    with OAuth2Session(client=backend) as session:
        return session.fetch_token(fleet["token_endpoint"], client_secret=client["client_secret"], timeout=30)


def check(answer, fleet):
    # The library refuses other statuses than 200, and answers without a token.
    assert re.fullmatch(r"[A-Za-z0-9._~+/-]{20,}=*", answer["access_token"]), "no token that a header can carry"
    assert answer["token_type"].lower() == "bearer", answer["token_type"]
    assert answer["expires_in"] == fleet["expires_in"], answer["expires_in"]
    assert sorted(answer["scope"]) == sorted(fleet["scope"].split()), answer["scope"]


if __name__ == "__main__":
    # As for local tests of any OAuth client that insists on TLS.
    import os

    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    with open(sys.argv[1], encoding="utf-8") as file:
        main(json.load(file))
