# shellcheck shell=bash
# Ory Hydra: listed, so that a report shows that it was left out and why.

peers() {
    printf 'hydra\tOry Hydra\tRS256\tJWT access tokens\n'
}

install_peer() {
    unavailable "Ory Hydra's program is in none of the registries that peers are installed from: PyPI, npm, Debian"
}
