"""Registers the fleet's clients, whose secrets the toolkit hashes.   make_clients.py CLIENTS.json"""

import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

from django.contrib.auth.hashers import identify_hasher, make_password  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402


def main(clients):
    with ProcessPoolExecutor() as processes:
        hashes = processes.map(make_password, [client["client_secret"] for client in clients], chunksize=50)
    # A secret that is a hash already is saved as it is.
    Application.objects.bulk_create(application(client, hashed) for client, hashed in zip(clients, hashes))
    saved = Application.objects.get(client_id=clients[0]["client_id"]).client_secret
    assert identify_hasher(saved).verify(clients[0]["client_secret"], saved)


def application(client, hashed):
    return Application(
        client_id=client["client_id"],
        client_secret=hashed,
        name=client["name"],
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        main(json.load(file)["clients"])
