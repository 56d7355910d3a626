"""check.py PEER NAME: installs one peer, runs it, asks for a token, checks it, and stops it.

Prints one line; the exit code is 1 only if the peer failed.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import jwt

START_LIMIT = 60  # seconds
STOP_LIMIT = 15  # seconds
UNAVAILABLE = 3  # exit code of `peer install`


def main(peer, name):
    installation = subprocess.run([peer, "install", name], stderr=subprocess.PIPE, text=True)
    if installation.returncode == UNAVAILABLE:
        report("SKIPPED", name, installation.stderr.strip())
        return 0
    if installation.returncode != 0:
        sys.stderr.write(installation.stderr)
        report("FAILED", name, "could not be installed")
        return 1
    try:
        report("OK", name, measure(peer, name))
        return 0
    except Exception as error:
        report("FAILED", name, f"{type(error).__name__}: {error}")
        return 1


def report(result, name, text):
    print(f"{result:8}{name:38}{text}", flush=True)


def measure(peer, name):
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "log"), "w+") as log:
        info_file = os.path.join(folder, "info.json")
        port = free_port()
        start = time.monotonic()
        process = subprocess.Popen(
            [peer, "run", name, str(port)],
            env={**os.environ, "PEER_INFO": info_file},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            info, token = first_token(process, info_file, start + START_LIMIT)
            seconds = time.monotonic() - start
            verify(info, token)
        except Exception:
            log.seek(0)
            sys.stderr.write(log.read()[-4000:])
            raise
        finally:
            stop(process)
    return f"{info['version']:20}{info['algorithm']:8}{seconds:5.1f} s to the first token"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def first_token(process, info_file, deadline):
    """Asks until there is an answer: a connection refused means that the server is not up yet."""
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"ended with exit code {process.returncode}")
        try:
            with open(info_file) as file:
                info = json.load(file)
            return info, ask(info)
        except (FileNotFoundError, ConnectionError, urllib.error.URLError) as error:
            if isinstance(error, urllib.error.HTTPError):
                raise RuntimeError(f"{error}: {error.read(500)}") from error
            time.sleep(0.02)
    raise TimeoutError(f"no token in {START_LIMIT} s")


def ask(info):
    headers = {"Authorization": info["authorization"], "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(info["token_url"], info["body"].encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["access_token"]


def verify(info, token):
    if info["algorithm"] == "opaque":
        assert token.count(".") != 2, "the token is a JWT, but should be opaque"
        return
    key = jwt.PyJWKClient(info["jwks_url"]).get_signing_key_from_jwt(token)
    jwt.decode(
        token,
        key,
        algorithms=[info["algorithm"]],
        issuer=info["issuer"],
        options={"require": ["iss", "exp"], "verify_aud": False},
    )


def stop(process):
    """Asks it to stop, and then makes sure that nothing of its session is left."""
    process.terminate()
    try:
        process.wait(STOP_LIMIT)
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
    raise RuntimeError("left processes behind when it was stopped")


if __name__ == "__main__":
    # Peers are on this machine: a proxy for the rest of the network is not asked.
    urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
    sys.exit(main(*sys.argv[1:]))
