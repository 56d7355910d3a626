"""The environments of a running server: what `mintmark dev --json` says of them, and what their own metadata says.

Each script takes one argument, a file that holds the line printed by `mintmark dev --json`.
"""

import json
import os
import sys
from dataclasses import dataclass

import requests

# The server is on loopback: no proxy, and the libraries' refusals of plain http are switched off.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Client:
    """A demo client of one environment and one dialect."""

    client_id: str
    client_secret: str
    scopes: tuple[str, ...]
    business_id: str | None


@dataclass(frozen=True)
class Environment:
    """An issuer, with its metadata (RFC 8414) and one demo client per dialect."""

    name: str
    issuer: str
    metadata: dict
    token_endpoints: dict
    clients: dict


def environments_and_others():
    """Each environment together with one that is not it."""
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    environments = [_environment(entry, document["clients"]) for entry in document["environments"]]
    assert len(environments) == 2, "mintmark dev has a sandbox and a production environment"
    return [tuple(environments), tuple(reversed(environments))]


def _environment(entry, clients):
    metadata = _metadata(entry["issuer"])
    assert metadata["jwks_uri"] == entry["jwks_uri"]
    assert metadata["token_endpoint"] == entry["token_endpoints"]["standard"]
    own = {client["dialect"]: _client(client) for client in clients if client["environment"] == entry["name"]}
    return Environment(entry["name"], entry["issuer"], metadata, entry["token_endpoints"], own)


def _metadata(issuer):
    answer = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=TIMEOUT_SECONDS)
    assert answer.status_code == 200, f"metadata of {issuer}: {answer.status_code} {answer.text}"
    metadata = answer.json()
    assert metadata["issuer"] == issuer, "RFC 8414 section 3.3: the issuer is the one that was asked"
    return metadata


def _client(entry):
    return Client(entry["client_id"], entry["client_secret"], tuple(entry["scopes"]), entry.get("business_id"))
