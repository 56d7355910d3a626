"""Prints the expressions of a Grafana dashboard as Prometheus rules, so that promtool can check their grammar.

    python3 deploy/lint/dashboard.py deploy/observability/dashboard.json > rules.yaml

JSON is YAML too, so it needs no library.
"""

import json
import sys

VARIABLES = {"$__rate_interval": "5m", "$job": ".*", "$environment": ".*"}


def expressions(value):
    if isinstance(value, list):
        for member in value:
            yield from expressions(member)
    elif isinstance(value, dict):
        for key, member in value.items():
            if key == "expr":
                yield member
            else:
                yield from expressions(member)


def without_variables(text):
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    return text


with open(sys.argv[1], encoding="utf-8") as file:
    found = [without_variables(text) for text in expressions(json.load(file))]
if not found:
    sys.exit("expected expressions, found none")
rules = [{"record": f"dashboard:expression:{number}", "expr": text} for number, text in enumerate(found)]
json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, sys.stdout, indent=1)
