# shellcheck shell=bash disable=SC2154 # the variables of the other files
# What the cluster is made of, from Debian.

# python3-etcd is what Patroni speaks to etcd with; Debian has it as one choice of several.
readonly packages=(curl etcd-server haproxy iproute2 jq nftables patroni postgresql-15 python3-etcd)
# Debian's services of the same programs, which a machine starts that has these packages.
declare -rA services=([etcd-server]=etcd [haproxy]=haproxy [patroni]=patroni [postgresql-15]=postgresql)

install_programs() {
    local package missing=()
    for package in "${packages[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0
    say "Installing ${missing[*]}"
    (
        # shellcheck source=/dev/null
        source "$repository/bench/peers/install.sh"
        install_debian_packages "${packages[@]}"
    )
    # They were not started now, and must not be at the machine's next start.
    for package in "${missing[@]}"; do
        [[ -z ${services[$package]-} ]] || systemctl disable --quiet "${services[$package]}" 2> /dev/null || true
    done
}

is_installed() { # PACKAGE
    dpkg-query -W -f '${Status}' "$1" 2> /dev/null | grep -q 'ok installed$'
}
