"""A Django project in one file, with django-oauth-toolkit.

`python app.py` makes the tables and the client; `gunicorn app:application` serves.
DATABASE is an SQLite file, or "postgresql:" and the folder of its socket; HASH_SECRETS is yes or no.
"""

import os

from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path


def database(name):
    if name.startswith("postgresql:"):
        host = name.removeprefix("postgresql:")
        place = {"ENGINE": "django.db.backends.postgresql", "HOST": host, "USER": "postgres", "NAME": "postgres"}
    else:
        place = {"ENGINE": "django.db.backends.sqlite3", "NAME": name}
    return {**place, "CONN_MAX_AGE": None}  # Keep connections, as Django's deployment checklist advises.


settings.configure(
    DEBUG=False,
    SECRET_KEY=os.environ["DJANGO_SECRET_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="app",
    DATABASES={"default": database(os.environ["DATABASE"])},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    OAUTH2_PROVIDER={"SCOPES": {"read": "Read scope", "write": "Write scope"}, "DEFAULT_SCOPES": ["read"]},
)

# The views can be imported only after this.
application = get_wsgi_application()
urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]


def set_up():
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    Application.objects.create(
        name="bench",
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        hash_client_secret=os.environ["HASH_SECRETS"] == "yes",
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
    )


if __name__ == "__main__":
    set_up()
