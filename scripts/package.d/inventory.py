#!/usr/bin/env python3
"""What the program is made of: a software bill of materials (CycloneDX 1.6) and the licences' texts.

scripts/package calls it. Only crates that end up in the program are listed: neither those of tests nor those that run while it is
built. The same Cargo.lock gives the same bytes.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tomllib
import uuid

ROOT = "mintmark"
TEXTS = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense|patents)", re.IGNORECASE)
# Longer than any licence: a folder of that name may hold something else.
LONGEST_TEXT = 256 * 1024
# In the order of preference, where a crate says what its licence is and brings no text.
STANDARD = ["MIT", "Apache-2.0", "Zlib", "BSD-3-Clause", "ISC"]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def crates(triple):
    """The crates of the program, as `cargo metadata` describes them, by name and version."""
    metadata = json.loads(run("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", triple))
    described = {(package["name"], package["version"]): package for package in metadata["packages"]}
    tree = run(
        "cargo", "tree", "--locked", "--package", ROOT, "--edges", "normal", "--target", triple, "--prefix", "depth",
        "--no-dedupe", "--format", " {p}",
    )  # fmt: skip
    used, edges, path = set(), {}, []
    for line in tree.splitlines():
        # "2serde v1.0.0 (proc-macro)"; what is below a procedural macro runs in the compiler alone.
        depth, name, version, rest = re.match(r"(\d+) (\S+) v(\S+)(.*)", line).groups()
        path[int(depth) :] = [((name, version), "(proc-macro)" in rest)]
        if any(is_macro for _, is_macro in path):
            continue
        used.add((name, version))
        edges.setdefault((name, version), set())
        if len(path) > 1:
            edges[path[-2][0]].add((name, version))
    return {key: described[key] for key in sorted(used)}, edges


def checksums():
    lock = tomllib.loads(pathlib.Path("Cargo.lock").read_text(encoding="utf-8"))
    return {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}


def purl(key):
    return f"pkg:cargo/{key[0]}@{key[1]}"


def expression(package):
    """The licence as SPDX writes it; old crates separate choices by a slash."""
    return (package["license"] or "NOASSERTION").replace("/", " OR ")


def component(key, package, checksum):
    described = {
        "type": "application" if key[0] == ROOT else "library",
        "bom-ref": purl(key),
        "name": key[0],
        "version": key[1],
        "licenses": [{"expression": expression(package)}],
        "purl": purl(key),
    }
    if checksum:
        described["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        described["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return described


def bill(packages, edges, compiler):
    known = checksums()
    own = next(key for key in packages if key[0] == ROOT)
    when = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    components = [component(key, package, known.get(key)) for key, package in packages.items() if key != own]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": component(own, packages[own], None),
            "properties": [{"name": "mintmark:rustc", "value": compiler}],
        },
        "components": components,
        "dependencies": [
            {"ref": purl(key), "dependsOn": sorted(purl(other) for other in edges[key])} for key in packages
        ],
    }
    # Not by chance, so that one content has one number.
    name = json.dumps(document, sort_keys=True)
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"
    return document


def texts_of(package):
    """The texts that the crate brings, by file name."""
    folder = pathlib.Path(package["manifest_path"]).parent
    named = {path for path in folder.iterdir() if path.is_file() and TEXTS.match(path.name)}
    for inner in (folder / "LICENSES", folder / "licenses"):
        named |= {path for path in inner.glob("*") if path.is_file()}
    # AWS-LC brings C code of others, with their texts beside it.
    if package["name"] == "aws-lc-sys":
        named |= {path for path in folder.rglob("LICENSE*") if path.is_file()}
    if package["license_file"]:
        named.add(folder / package["license_file"])
    texts = {}
    for path in sorted(named):
        if path.suffix not in {".rs", ".toml", ".py"} and path.stat().st_size <= LONGEST_TEXT:
            texts[str(path.relative_to(folder))] = path.read_text(encoding="utf-8", errors="replace").strip()
    return texts


def standard_texts(packages):
    """A text for each of the usual licences, from a crate that brings it."""
    found = {}
    marks = {
        "MIT": "Permission is hereby granted, free of charge",
        "Apache-2.0": "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
        "Zlib": "This software is provided 'as-is'",
        "BSD-3-Clause": "Neither the name of",
        "ISC": "Permission to use, copy, modify, and/or distribute this software",
    }
    for package in packages.values():
        for text in texts_of(package).values():
            for licence, mark in marks.items():
                if mark in text and len(text) < 16_000:
                    # Without the line that says whose that crate is.
                    found.setdefault(licence, re.sub(r"(?mi)^\W*(\(c\)|copyright \W*\d).*\n", "", text).strip())
    return found


def licences(packages, compiler, is_static):
    blocks, by_text, without = [], {}, []
    for key, package in packages.items():
        if package["source"] is None:
            continue  # ours
        texts = texts_of(package)
        if not texts:
            without.append((key, package))
        for text in texts.values():
            by_text.setdefault(text, []).append(key)
    standard = standard_texts(packages)
    for key, package in without:
        choices = re.findall(r"[A-Za-z0-9.+-]+", expression(package))
        chosen = next((licence for licence in STANDARD if licence in choices and licence in standard), None)
        if chosen is None:
            sys.exit(f"{key[0]} {key[1]} brings no licence text, and there is none here for {expression(package)}")
        by_text.setdefault(standard[chosen], []).append(key)
    lines = [
        "What Mintmark's program is made of, and under which licences.",
        "",
        "Mintmark itself is under the Apache License 2.0 (LICENSE). Crates from the package registry:",
        "",
    ]
    lines += [f"  {name} {version}: {expression(package)}" for (name, version), package in packages.items() if package["source"]]
    lines += ["", "SQLite, which libsqlite3-sys brings, is in the public domain. Besides,"]
    lines += [f"the standard library of {compiler}: MIT OR Apache-2.0, https://www.rust-lang.org/policies/licenses."]
    if is_static:
        lines += [
            "",
            "The program is linked with the GNU C Library (LGPL-2.1-or-later, https://www.gnu.org/software/libc/) and with libgcc's",
            "unwinder (GPL-3.0-or-later WITH GCC-exception-3.1). Whoever has another C library can link the program with it: its whole",
            "source and the commands that build it are public, `scripts/package` in Mintmark's repository.",
        ]
    for text, keys in sorted(by_text.items(), key=lambda item: sorted(item[1])):
        names = ", ".join(f"{name} {version}" for name, version in sorted(set(keys)))
        blocks.append(f"{'=' * 100}\n{names}\n{'=' * 100}\n\n{text}\n")
    return "\n".join(lines) + "\n\n" + "\n".join(blocks)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--triple", required=True)
    parser.add_argument("--sbom", required=True, type=pathlib.Path)
    parser.add_argument("--licences", required=True, type=pathlib.Path)
    linked = parser.add_mutually_exclusive_group(required=True)
    linked.add_argument("--static", action="store_true", help="the C library is part of the program")
    linked.add_argument("--dynamic", action="store_true", help="it is the system's")
    arguments = parser.parse_args()
    packages, edges = crates(arguments.triple)
    compiler = run("rustc", "--version").strip()
    document = bill(packages, edges, compiler)
    arguments.sbom.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    arguments.licences.write_text(licences(packages, compiler, arguments.static), encoding="utf-8")


main()
