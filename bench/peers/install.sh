# shellcheck shell=bash
# How peers are installed: pinned packages of PyPI and npm into the folder $cache, and Debian's packages into the system.
# Everything is quiet unless it fails, and does nothing where it has been done.

# The machine cannot have this peer: says why.
unavailable() {
    echo "$*" >&2
    exit 3
}

quietly() {
    local log
    log=$(mktemp)
    "$@" > "$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; return 1; }
    rm -f "$log"
}

# fill_cache FOLDER COMMAND...: runs the command in a new $cache, unless one was filled from the same files.
# The lock is for two peers of one server that are installed at the same time.
fill_cache() {
    local fingerprint folder=$1
    shift
    mkdir -p "$(dirname "$cache")"
    fingerprint=$(cd "$folder" && sha256sum -- * | sha256sum)
    {
        flock 9
        if [[ $(cat "$cache/fingerprint" 2> /dev/null) != "$fingerprint" ]]; then
            rm -rf "$cache"
            mkdir "$cache"
            "$@" 9>&-
            echo "$fingerprint" > "$cache/fingerprint"
        fi
    } 9> "$cache.lock"
}

# install_python_packages FOLDER PACKAGE: a virtual environment with FOLDER/requirements.txt; keeps PACKAGE's version.
install_python_packages() {
    python3 -c 'import venv, ensurepip' 2> /dev/null || unavailable "needs python3 with venv"
    fill_cache "$1" make_virtual_environment "$1/requirements.txt" "$2"
}

make_virtual_environment() {
    quietly python3 -m venv "$cache/venv"
    quietly "$cache/venv/bin/pip" install --disable-pip-version-check --requirement "$1"
    "$cache/venv/bin/python" -c "from importlib.metadata import version; print(version('$2'))" > "$cache/version"
}

# install_node_packages FOLDER PACKAGE: FOLDER's files with node_modules beside them; keeps PACKAGE's version.
install_node_packages() {
    { command -v node && command -v npm; } > /dev/null || unavailable "needs node and npm"
    [[ $(node -p 'process.versions.node.split(".")[0]') -ge 20 ]] || unavailable "needs node 20 or newer"
    fill_cache "$1" make_node_modules "$1" "$2"
}

make_node_modules() {
    cp "$1"/*.json "$1"/*.mjs "$cache/"
    quietly npm ci --prefix "$cache" --ignore-scripts --no-audit --no-fund
    node -p 'JSON.parse(fs.readFileSync(process.argv[1])).version' "$cache/node_modules/$2/package.json" > "$cache/version"
}

# install_debian_packages PACKAGE...: what is missing of them, without starting the services that they bring.
install_debian_packages() {
    dpkg-query -W -f '${Status}\n' "$@" 2> /dev/null | awk '/ok installed$/ { n++ } END { exit n != '$#' }' && return
    command -v apt-get > /dev/null || unavailable "needs the Debian packages $*"
    [[ $(id -u) == 0 ]] || unavailable "needs root to install the Debian packages $*"
    quietly apt-get update
    apt-get install --simulate "$@" > /dev/null 2>&1 || unavailable "this distribution has no packages $*"
    without_services quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# Debian starts a service when its package is installed, unless this script says no.
without_services() (
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod +x "$policy"
    fi
    "$@"
)

debian_version() {
    dpkg-query -W -f '${Version}' "$1"
}
