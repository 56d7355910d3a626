"""Programs that this one starts, and sees to it that they end with it."""

import json
import os
import signal
import subprocess
from contextlib import contextmanager


def run(*arguments, expect=(0,), **more):
    """Runs a program to its end and gives what it said. Any other exit code than the one that is expected ends everything."""
    arguments = [str(argument) for argument in arguments]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, check=False, **more)
    if done.returncode not in expect:
        said = f"{done.stdout}{done.stderr}".strip()
        raise SystemExit(f"`{' '.join(arguments)}` exited with {done.returncode}:\n{said}")
    return done.stdout


class Program:
    """A program in the background. What it complains about goes to a log, whose end is shown if it ends too early."""

    def __init__(self, *arguments, log, **more):
        self.arguments = [str(argument) for argument in arguments]
        self.log = log
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, stderr=errors, text=True, **more)

    def first_line(self):
        line = self.process.stdout.readline()
        if not line:
            end = self.log.read_text(errors="replace")[-2000:]
            raise SystemExit(f"`{' '.join(self.arguments)}` did not start:\n{end}")
        return line

    def stop(self):
        """Ends it as a service manager does, and gives the rest of what it printed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit(f"`{' '.join(self.arguments)}` does not end") from None


@contextmanager
def started(*arguments, log, **more):
    """A program for the time of a `with` block."""
    program = Program(*arguments, log=log, **more)
    try:
        yield program
    finally:
        program.stop()


class Mintmark:
    """The `mintmark` program with a configuration."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.settings = ["--config", folder / "mintmark.toml", "--json"]

    def init(self, environment):
        print(f"   $ mintmark init --environment {environment}")
        run(self.program, "init", self.folder, "--environment", environment, env=quiet())

    def __call__(self, *arguments, expect=(0,)):
        """Runs a command, shows it, and gives its JSON."""
        print("   $ mintmark", *(short(argument) for argument in arguments))
        return json.loads(run(self.program, *arguments, *self.settings, expect=expect, env=quiet()) or "null")

    @contextmanager
    def proxy(self, *arguments):
        """`record` or `shadow` at a free port of this machine, which is given with it."""
        print("   $ mintmark", *(short(argument) for argument in arguments))
        listen = ["--listen", "127.0.0.1:0", *(self.settings if self.folder.exists() else ["--json"])]
        log = self.folder.parent / f"{arguments[0]}.log"
        with started(self.program, *arguments, *listen, log=log, env=quiet()) as program:
            yield program, port_of(json.loads(program.first_line())["listen"])

    @contextmanager
    def serving(self):
        print("   $ mintmark serve")
        variables = {**quiet(), "MINTMARK_ENVIRONMENTS_PRODUCTION_LISTEN": "127.0.0.1:0"}
        with started(self.program, "serve", *self.settings, log=self.folder.parent / "serve.log", env=variables) as program:
            environment = json.loads(program.first_line())["environments"][0]
            yield port_of(environment["listen"])


def port_of(address):
    return int(address.rsplit(":", 1)[1])


def short(argument):
    """As one would type it in the folder of all this."""
    text = os.path.basename(argument) if os.path.isabs(str(argument)) else str(argument)
    return f"'{text}'" if " " in text else text


def quiet():
    """The environment without settings for another Mintmark of this machine."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MINTMARK_")}

