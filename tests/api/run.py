"""Schemathesis against the management API of a real server, by its OpenAPI document.

    python run.py PROGRAM

Starts `mintmark dev` in a folder of its own, and asks every operation of it with right and wrong data, as the operator's admin.
"""

import base64
import json
import random
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
# The listeners of `mintmark dev`, counted from its first port.
OFFSETS = (0, 1, 10)
# A run of Schemathesis is ended then, in seconds.
TIME = 240


def is_free(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def free_base():
    for _ in range(20):
        base = random.randrange(30_000, 32_000)
        if all(is_free(base + offset) for offset in OFFSETS):
            return base
    raise SystemExit("no free ports")


def start(program, folder):
    arguments = [program, "dev", "--data-dir", f"{folder}/data", "--port-base", str(free_base()), "--json"]
    log = open(f"{folder}/log", "w")
    server = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=log, text=True)
    ready = json.loads(server.stdout.readline() or "{}")
    if not ready.get("ready"):
        server.kill()
        raise SystemExit(f"mintmark dev did not start: {ready} {Path(folder, 'log').read_text()}")
    return server, ready["admin"]


def token_of(admin):
    basic = base64.b64encode(f"{admin['client_id']}:{admin['client_secret']}".encode()).decode()
    request = urllib.request.Request(admin["token_endpoint"], b"grant_type=client_credentials", {"Authorization": f"Basic {basic}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["access_token"]


def read(admin, token, path):
    request = urllib.request.Request(admin["url"] + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["items"][0]


def names_that_exist(admin, token):
    """One of each, so that requests come to what is behind the look-up."""
    sandbox = "/environments/sandbox"
    tenant = read(admin, token, "/tenants")["id"]
    client = read(admin, token, f"{sandbox}/clients")["id"]
    return {
        "environment": "sandbox",
        "tenant": tenant,
        "client": client,
        "business": read(admin, token, f"{sandbox}/tenants/{tenant}/businesses")["id"],
        "credential": read(admin, token, f"{sandbox}/clients/{client}/credentials")["id"],
        "resource": read(admin, token, f"{sandbox}/resources")["id"],
    }


def judge(admin, folder, names):
    settings = Path(folder, "schemathesis.toml")
    parameters = "".join(f'"path.{name}" = "{value}"\n' for name, value in names.items())
    settings.write_text((HERE / "schemathesis.toml").read_text() + "\n[parameters]\n" + parameters)
    command = [str(Path(sys.executable).with_name("st")), "--config-file", str(settings), "run", f"{admin['url']}/openapi.json"]
    command += ["--header", f"Authorization: Bearer {token_of(admin)}", "--warnings", "off"]
    return subprocess.run(command, timeout=TIME, check=False).returncode


def main():
    with tempfile.TemporaryDirectory(prefix="mintmark-api-") as folder:
        server, admin = start(sys.argv[1], folder)
        try:
            # Names that exist, while they do; then what somebody may make up.
            exist = judge(admin, folder, names_that_exist(admin, token_of(admin)))
            made_up = judge(admin, folder, {})
        finally:
            server.terminate()
            server.wait(timeout=20)
        panics = [line for line in Path(folder, "log").read_text().splitlines() if "panicked" in line]
    print(*panics, sep="\n")
    judged = {"names that exist": exist, "names made up": made_up, "the log": len(panics)}
    failed = [what for what, bad in judged.items() if bad]
    print(f"{len(judged) - len(failed)} passed, {len(failed)} failed")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())
