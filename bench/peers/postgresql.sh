# shellcheck shell=bash
# A throw-away PostgreSQL with its default settings, on a socket in its own folder only.

install_postgresql() {
    [[ -n $(postgresql_programs) ]] || install_debian_packages postgresql
}

postgresql_programs() {
    local newest
    newest=$(find /usr/lib/postgresql -path '*/bin/initdb' 2> /dev/null | sort -V | tail -1)
    [[ -z $newest ]] || dirname "$newest"
}

# Sets `data`, the folder of the socket; the superuser is `postgres`, without a password.
start_postgresql() {
    local programs as_postgres=()
    programs=$(postgresql_programs)
    new_data_folder
    # PostgreSQL refuses to run as root.
    if [[ $(id -u) == 0 ]]; then
        chown postgres: "$data"
        as_postgres=(setpriv --reuid postgres --regid postgres --init-groups --)
    fi
    quietly "${as_postgres[@]}" "$programs/initdb" --pgdata "$data/cluster" --username postgres --auth trust
    start "${as_postgres[@]}" "$programs/postgres" -D "$data/cluster" -k "$data" -c listen_addresses= > "$data/log" 2>&1
    until "$programs/pg_isready" --quiet --host "$data"; do
        kill -0 "${processes[-1]}" || { cat "$data/log" >&2; exit 1; }
        sleep 0.05
    done
}
