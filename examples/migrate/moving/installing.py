"""Installs the old servers and the fleet's libraries, in versions that are written down, where nothing else is touched."""

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

CANNOT = 3  # the exit code for a machine on which this cannot be shown

# Google's OAuth client library and what it needs, as Debian's package has them. It is used where it is there, and never installed.
DEBIAN_PACKAGE = "libgoogle-oauth-client-java"
DEBIAN_JARS = Path("/usr/share/java")
JARS = [
    f"{name}.jar"
    for name in (
        "google-oauth-client",
        "google-http-client",
        "google-http-client-gson",
        "gson",
        "guava",
        "opencensus-api",
        "opencensus-contrib-http-util",
        "grpc-context",
    )
]


class Installed:
    """Where everything is."""

    def __init__(self, example, folder):
        self.example, self.folder = example, folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / "install.log"
        for program, why in (("node", "oidc-provider"), ("npm", "oidc-provider")):
            if shutil.which(program) is None:
                cannot(f"there is no {program}, for {why}")
        if int(self._said("node", "--eval", "console.log(process.versions.node)").split(".")[0]) < 20:
            cannot("node is older than 20, for oidc-provider")
        self.python = folder / "venv" / "bin" / "python"
        self._once(example / "requirements.txt", self._install_python)
        self._once(example / "package-lock.json", self._install_node)
        self.classpath = self._find_java()

    def fleet(self):
        """The commands of the fleet's programs, by language."""
        programs = self.example / "fleet"
        commands = {"python": [self.python, programs / "client.py"], "node": ["node", programs / "client.js"]}
        if self.classpath:
            commands["java"] = ["java", "-Xmx128m", "-cp", self.classpath, programs / "Client.java"]
        return commands

    def _once(self, listed, install):
        """A list that was installed from before is not installed again."""
        stamp = self.folder / f"{listed.name}.installed"
        if stamp.exists() and filecmp.cmp(listed, stamp, shallow=False):
            return
        print(f"installing what {listed.name} lists", flush=True)
        install(listed)
        shutil.copy(listed, stamp)

    def _install_python(self, listed):
        self._do(sys.executable, "-m", "venv", "--clear", self.folder / "venv")
        self._do(self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", listed)

    def _install_node(self, _listed):
        self._do("npm", "ci", "--prefix", self.example, "--no-audit", "--no-fund", "--loglevel=error")

    def _find_java(self):
        """Where the library for Java is; nothing where there is no Java, or no way to get the library that leaves the machine alone."""
        if shutil.which("javac") is None:
            return left_out("there is no JDK")
        if has_jars(DEBIAN_JARS):
            return os.pathsep.join(str(DEBIAN_JARS / jar) for jar in JARS)
        own = self.folder / "java"
        if not any(own.glob("google-oauth-client-*.jar")):
            if shutil.which("mvn") is None:
                return left_out(f"there is neither Debian's {DEBIAN_PACKAGE} nor Maven")
            print("fetching Google's OAuth client library for Java", flush=True)
            pom = self.example / "fleet" / "pom.xml"
            goal = ("dependency:copy-dependencies", f"-DoutputDirectory={own}")
            if not self._does("mvn", "--batch-mode", "--quiet", "--file", pom, *goal):
                shutil.rmtree(own, ignore_errors=True)
                return left_out(f"Maven could not fetch the library; {self._log} tells why")
        return f"{own}/*"

    def _do(self, *command):
        if not self._does(*command):
            cannot(f"`{' '.join(map(str, command))}` failed; {self._log} tells why")

    def _does(self, *command):
        with open(self._log, "a", encoding="utf-8") as log:
            return subprocess.run(command, stdout=log, stderr=log, timeout=600, check=False).returncode == 0

    @staticmethod
    def _said(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def has_jars(folder):
    return all((folder / jar).exists() for jar in JARS)


def left_out(why):
    """The fleet does without it."""
    print(f"the fleet's program in Java is left out: {why}", flush=True)


def cannot(why):
    print(f"this cannot be shown here: {why}", file=sys.stderr)
    raise SystemExit(CANNOT)
