# shellcheck shell=bash
# Keycloak: listed, so that a report shows that it was left out and why.

peers() {
    printf 'keycloak\tKeycloak\tRS256\tits default realm settings\n'
}

install_peer() {
    unavailable "Keycloak's archive is in none of the registries that peers are installed from: PyPI, npm, Debian"
}
