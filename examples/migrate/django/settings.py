"""A Django project that is a token endpoint and nothing else, as one finds them behind APIs."""

import os
from pathlib import Path

FOLDER = Path(os.environ["OLD_SERVER"])

SECRET_KEY = "of no use: there are no sessions here"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "old.sqlite3",
        # Several threads write a token for each request.
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"},
    }
}

# Django's own hasher with the number of iterations that Django 1.8 had. With the million that this version has each
# request would take a third of a second of a core, in the old server and the first time in Mintmark.
PASSWORD_HASHERS = ["hashers.Hasher"]

OAUTH2_PROVIDER = {
    "SCOPES": {"read": "Read", "write": "Write"},
    "ACCESS_TOKEN_EXPIRE_SECONDS": 36000,
}
