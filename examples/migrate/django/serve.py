"""Serves the project with waitress at a free port of this machine, and prints the port."""

import os

from django.core.wsgi import get_wsgi_application
from waitress import create_server

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
server = create_server(get_wsgi_application(), host="127.0.0.1", port=0, threads=8)
print(server.effective_port, flush=True)
server.run()
