"""Checks what no ready-made linter knows of deploy/: that the parts fit each other, and Mintmark.

    python3 deploy/lint/check.py        # in the repository's folder

Prints a line for each mistake and exits with 1 if there is one. Needs Python 3.11 and PyYAML; without compose-spec,
helm-python-sdk or kubernetes-validate it leaves out what they do, and prints `LEFT OUT: …`.
"""

import copy
import functools
import importlib
import json
import re
import sys
import tomllib
from pathlib import Path

import yaml

DEPLOY = Path("deploy")
CHART = DEPLOY / "helm/mintmark"
EXAMPLE = DEPLOY / "helm/example-values.yaml"
# The oldest Kubernetes that Chart.yaml allows; the newest known one is checked too.
OLDEST_KUBERNETES = "1.30"

# Values that use every branch of the templates that the example does not.
EVERYTHING = {
    "image": {"repository": "mintmark", "tag": "0.1.0@sha256:" + "0" * 64, "pullSecrets": [{"name": "registry"}]},
    "replicas": 5,
    "environments": {"sandbox": {"port": 8081}, "production": {"port": 8080, "hosts": ["a.example", "b.example"]}},
    "listenAddress": "[::]",
    "database": {"host": "db", "sslmode": "disable"},
    "secret": {"name": "keys", "rootKeysKey": "keys", "passwordKey": "password"},
    "metrics": {"enabled": True, "port": 9465, "tokenKey": "readers", "from": [{"podSelector": {}}]},
    "settings": {
        "limits": {"connections": 1000000},
        "outage": {"max_staleness": 60},
        "log": {"level": 'warn'},
        "tracing": {"endpoint": "http://collector.monitoring:4318/v1/traces"},
    },
    "dialects": {"acme": 'format = 1\nname = "acme"\n\nextends = "asset"\n'},
    "podDisruptionBudget": {"minAvailable": "60%"},
    "service": {"type": "LoadBalancer", "annotations": {"a": "b"}},
    "networkPolicy": {
        "egress": {
            "dns": [],
            "collector": [{"podSelector": {}}],
            "more": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
        }
    },
    "podAnnotations": {"a": "b"},
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "priorityClassName": "high",
}
LEAST = {"podDisruptionBudget": {"enabled": False}, "networkPolicy": {"enabled": False}, "replicas": 1, "settings": None}
ANONYMOUS = {"metrics": {"enabled": True, "anonymous": True}, "settings": {"tracing": {"endpoint": "https://collector/v1/traces"}}}
# What the chart must refuse, beside the example.
REFUSED = [
    {"replicas": 2},
    {"secret": {"name": ""}},
    {"secret": {"password": "a secret in the values"}},
    {"image": {"tag": ""}},
    {"image": {"tag": "a tag"}},
    {"environments": {"production": None}},
    {"environments": {"Production": {"port": 8080}}},
    {"environments": {"production": {"port": 80}}},
    {"database": {"host": "db/other"}},
    {"settings": {"metrics": {"listen": "0.0.0.0:1"}}},
    {"metrics": {"token": "a secret in the values"}},
    {"metrics": {"enabled": True}},
    {"metrics": {"enabled": True, "anonymous": True, "tokenKey": "readers"}},
    {"networkPolicy": {"egress": {"collector": [{"cidr": "10.0.0.0/8"}]}}},
    {"settings": {"store": {"path": "mintmark.db"}}},
    {"settings": {"limits": {"shutdown_grace": 5}}},
    {"settings": {"outage": {"snapshot": "elsewhere"}}},
    {"unknown": True},
]

mistakes = []


def mistake(where, what):
    mistakes.append(f"{where}: {what}")


@functools.cache
def optional(module, does):
    try:
        return importlib.import_module(module)
    except Exception as error:  # A library for another machine fails in ways of its own.
        print(f"LEFT OUT: {does} ({module}: {str(error).splitlines()[0]})")
        return None


def known_settings():
    """The settings of docs/configuration.md, as `section.key`."""
    section, known = None, set()
    for line in Path("docs/configuration.md").read_text().splitlines():
        if heading := re.match(r"## `\[(.+)\]`", line):
            section = heading[1]
        elif row := re.match(r"\| `(\w+)` \|", line):
            known.add(f"{section}.{row[1]}")
    return known


def check_settings(where, text):
    """Every setting of a mintmark.toml must be one that Mintmark knows: it refuses to start otherwise."""
    known = known_settings()
    for section, entries in tomllib.loads(text).items():
        tables = entries.values() if section == "environments" else [entries]
        name = "environments.NAME" if section == "environments" else section
        for key in (key for table in tables for key in table):
            if f"{name}.{key}" not in known:
                mistake(where, f"docs/configuration.md has no setting [{name}] {key}")


def check_containerfile():
    text = (DEPLOY / "Containerfile").read_text()
    image = re.search(r"^FROM rust:([0-9.]+)", text, re.M)
    least = re.search(r'^rust-version = "([0-9.]+)"', Path("Cargo.toml").read_text(), re.M)
    if not image or not least:
        mistake("deploy/Containerfile", "expected FROM rust:VERSION, and rust-version in Cargo.toml")
        return
    has, needs = ([int(part) for part in match[1].split(".")] for match in (image, least))
    if has < needs:
        mistake("deploy/Containerfile", f"Rust {image[1]} is older than the {least[1]} that Cargo.toml asks for")


def check_compose():
    where = "deploy/compose.yaml"
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    if spec := optional("compose_spec", "the grammar of compose.yaml"):
        try:
            spec.PyCompose.from_json(json.dumps(compose)).validate()
        except ValueError as error:
            mistake(where, error)
    services = compose["services"]
    nodes = {name: dict(service) for name, service in services.items() if name.startswith("node-")}
    if len(nodes) != 3:
        mistake(where, "expected three nodes")
    for name, node in nodes.items():
        if f"{name}:/var/lib/mintmark" not in node.pop("volumes"):
            mistake(where, f"{name} needs a volume of its own for its snapshot")
        node.pop("ports")
    if any(node != nodes["node-1"] for node in nodes.values()):
        mistake(where, "the nodes differ in more than ports and volumes")
    for name, service in services.items():
        check_service(where, name, service, compose["volumes"])
    for name, secret in compose["secrets"].items():
        if not secret.get("file", "").startswith("./keys/"):
            mistake(where, f"the secret {name} must be a file of keys/, which git leaves out")
    check_settings("deploy/compose/mintmark.toml", (DEPLOY / "compose/mintmark.toml").read_text())


def check_service(where, name, service, volumes):
    if service.get("cap_drop") != ["ALL"] or not service.get("read_only"):
        mistake(where, f"{name} must be read-only and without capabilities")
    if "no-new-privileges:true" not in service.get("security_opt", []):
        mistake(where, f"{name} must not gain privileges")
    if not re.search(r":[^:]*[a-z0-9]$", service.get("image", "")) or service["image"].endswith(":latest"):
        mistake(where, f"{name}: expected an image with a version")
    for key, value in service.get("environment", {}).items():
        if re.search("PASSWORD|SECRET|KEY", key) and not str(value).startswith("/run/secrets/"):
            mistake(where, f"{name}: {key} must be the path of a secret")
    for mount in service.get("volumes", []):
        source = mount.split(":")[0]
        if source.startswith("./") and source != "./keys" and not (DEPLOY / source).is_file():
            mistake(where, f"{name}: there is no {source}")
        if not source.startswith("./") and source not in volumes:
            mistake(where, f"{name}: there is no volume {source}")


def merged(base, over):
    result = copy.deepcopy(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def check_chart():
    where = str(CHART)
    json.loads((CHART / "values.schema.json").read_text())
    helm = optional("helm_python", "the Helm chart")
    if not helm:
        return
    example = yaml.safe_load(EXAMPLE.read_text())
    accepted = (example, EVERYTHING, merged(example, LEAST), merged(example, ANONYMOUS))
    found = [message for values in accepted for message in helm.lint(CHART, values, strict=True)["messages"]]
    faults = [f"{message['path']}: {message['error']}" for message in found if message["severity"] > 1]
    for fault in faults:
        mistake(where, fault)
    if faults:
        return
    with helm.Chart.load(CHART) as chart:
        for values in accepted:
            check_rendered(render(helm, chart, values, "mintmark"))
        check_traces(render(helm, chart, EVERYTHING, "mintmark"), 4318)
        check_traces(render(helm, chart, merged(example, ANONYMOUS), "mintmark"), 443)
        # Another release's name is another prefix, and no longer than a name may be.
        check_rendered(render(helm, chart, example, "a-release-whose-name-is-as-long-as-helm-allows-it-to-be"))
        for refused in [None, *REFUSED]:
            values = {} if refused is None else merged(example, refused)
            try:
                render(helm, chart, values, "mintmark")
            except helm.HelmError:
                continue
            mistake(where, f"it must refuse {refused or 'the defaults alone, which lack what is required'}")


def check_traces(rendered, port):
    """A collector that the settings name can be reached."""
    policy, = (document for _, document in rendered if document["kind"] == "NetworkPolicy")
    if not any(rule["ports"] == [{"port": port, "protocol": "TCP"}] for rule in policy["spec"]["egress"]):
        mistake(CHART, f"the network policy lets no trace out to port {port}")


def render(helm, chart, values, release):
    chart.validate_schema(values)
    files = chart.render(values, name=release, namespace="auth")
    if not files.pop("mintmark/templates/NOTES.txt").strip():
        mistake(CHART, "NOTES.txt is empty")
    return [(name, document) for name, text in files.items() if (document := yaml.safe_load(text))]


def check_rendered(rendered):
    kubernetes = optional("kubernetes_validate", "Kubernetes' schemas")
    for name, document in rendered:
        if len(document["metadata"]["name"]) > 63:
            mistake(name, "the name is too long")
        for version in (OLDEST_KUBERNETES, kubernetes.latest_version()) if kubernetes else ():
            try:
                kubernetes.validate(document, version, strict=True)
            except kubernetes.ValidationError as error:
                mistake(name, f"Kubernetes {version}: {'.'.join(map(str, error.path))}: {error.message}")
    kinds = {document["kind"]: document for _, document in rendered}
    check_settings(f"{CHART}: mintmark.toml", kinds["ConfigMap"]["data"]["mintmark.toml"])
    for name, text in kinds["ConfigMap"]["data"].items():
        if name.startswith("dialect-") and text != EVERYTHING["dialects"]["acme"]:
            mistake(CHART, f"{name} is not the text that was given")
    template = kinds["Deployment"]["spec"]["template"]
    check_pod(template["spec"])
    labels = template["metadata"]["labels"].items()
    selectors = [kinds["Deployment"]["spec"]["selector"]["matchLabels"], kinds["Service"]["spec"]["selector"]]
    selectors += [document["spec"]["selector"]["matchLabels"] for kind, document in kinds.items() if "Budget" in kind]
    selectors += [document["spec"]["podSelector"]["matchLabels"] for kind, document in kinds.items() if "Policy" in kind]
    # No more than these: a Deployment's selector can never change, and others must find old and new nodes during an update.
    expected = {"app.kubernetes.io/name", "app.kubernetes.io/instance"}
    if any(selector.keys() != expected or not selector.items() <= labels for selector in selectors):
        mistake(CHART, "a selector must select all nodes, old and new, by name and instance")


def check_pod(pod):
    """The `restricted` pod security standard, and what Mintmark needs besides."""
    node, = pod["containers"]
    expected = [
        (pod["securityContext"]["runAsNonRoot"], True),
        (pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault"),
        (pod["automountServiceAccountToken"], False),
        (pod["enableServiceLinks"], False),
        ([entry for entry in node["env"] if "value" in entry], []),
    ]
    for container in [node, *pod.get("initContainers", [])]:
        expected += [
            (container["securityContext"]["allowPrivilegeEscalation"], False),
            (container["securityContext"]["readOnlyRootFilesystem"], True),
            (container["securityContext"]["capabilities"], {"drop": ["ALL"]}),
            # Neither may name what the pod has not, or be without what it needs.
            ({mount["name"] for mount in container["volumeMounts"]} <= {volume["name"] for volume in pod["volumes"]}, True),
        ]
    for found, wanted in expected:
        if found != wanted:
            mistake(CHART, f"the pod: expected {wanted}, found {found}")


check_containerfile()
check_compose()
check_chart()
for line in dict.fromkeys(mistakes):
    print(line, file=sys.stderr)
sys.exit(1 if mistakes else 0)
