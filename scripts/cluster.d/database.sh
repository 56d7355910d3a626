# shellcheck shell=bash disable=SC2154 # the variables of the other files
# etcd, two PostgreSQL under Patroni, and HAProxy, which leads to the primary of the two.

start_database() {
    local name
    for name in postgres replicator rewinder mintmark; do
        make_password "$name"
    done
    say "Starting etcd, PostgreSQL and HAProxy"
    run etcd haproxy
    run_database
    await 15 "HAProxy to see the primary" leads_to_primary
    make_mintmark_database
}

run_database() {
    run "${postgresqls[@]}"
    await "${limit[pg1]}" "a primary with a synchronous standby" has_standby
}

make_password() { # NAME
    local file=$folder/passwords/$1
    if [[ ! -s $file ]]; then
        od -An -N24 -v -tx1 /dev/urandom | tr -d ' \n' > "$file.new"
        chmod 600 "$file.new"
        mv "$file.new" "$file"
    fi
}

password() { # NAME
    cat "$folder/passwords/$1"
}

start_etcd() {
    launch etcd etcd --name etcd --data-dir "$folder/etcd" --logger zap --log-level warn --enable-v2=true \
        --listen-client-urls "http://${address[etcd]}:2379" --advertise-client-urls "http://${address[etcd]}:2379" \
        --listen-peer-urls "http://127.0.0.1:2380" --initial-advertise-peer-urls "http://127.0.0.1:2380" \
        --initial-cluster "etcd=http://127.0.0.1:2380"
}

start_postgresql() { # NAME
    local own=$folder/$1
    mkdir -p "$own"
    (
        umask 077
        sed -e "s|@NAME@|$1|g; s|@ADDRESS@|${address[$1]}|g; s|@FOLDER@|$own|g; s|@NETWORK@|$network.0/24|g" \
            -e "s|@POSTGRES@|$(password postgres)|; s|@REPLICATOR@|$(password replicator)|; s|@REWINDER@|$(password rewinder)|" \
            "$here/patroni.yml" > "$own/patroni.yml"
    )
    chown postgres: "$own" "$own/patroni.yml"
    chmod 700 "$own"
    # PostgreSQL refuses to run as root. A SysV segment that a kill leaves behind goes with the IPC namespace.
    launch "$1" unshare --ipc setpriv --reuid postgres --regid postgres --init-groups -- patroni "$own/patroni.yml"
}

start_haproxy() {
    cp "$here/haproxy.cfg" "$folder/haproxy.cfg"
    launch haproxy haproxy -db -f "$folder/haproxy.cfg"
}

# Patroni answers these with 200 in the named role only.
has_role() { # NAME primary|sync
    fetch "http://${address[$1]}:8008/$2"
}

primary() {
    local name
    for name in "${postgresqls[@]}"; do
        if has_role "$name" primary; then
            echo "$name"
            return
        fi
    done
    return 1
}

# The primary says that it waits for the standby before it calls anything written, and the standby knows from etcd that it may
# take over.
has_standby() {
    local name standby
    name=$(primary) || return
    standby=$(show "http://${address[$name]}:8008/patroni" \
        | jq -r 'first(.replication[]? | select(.sync_state == "sync") | .application_name)') || return
    [[ -n $standby ]] && has_role "$standby" sync
}

psql_as() { # USER DATABASE ARGUMENTS...
    PGPASSWORD=$(password "$1") psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 \
        --host "${address[haproxy]}" --username "$1" --dbname "$2" "${@:3}"
}

leads_to_primary() {
    [[ $(psql_as postgres postgres -c 'SELECT NOT pg_is_in_recovery()' 2> /dev/null) == t ]]
}

make_mintmark_database() {
    if [[ -z $(psql_as postgres postgres -c "SELECT 1 FROM pg_roles WHERE rolname = 'mintmark'") ]]; then
        psql_as postgres postgres <<< "CREATE ROLE mintmark LOGIN PASSWORD '$(password mintmark)'"
    fi
    if [[ -z $(psql_as postgres postgres -c "SELECT 1 FROM pg_database WHERE datname = 'mintmark'") ]]; then
        psql_as postgres postgres -c 'CREATE DATABASE mintmark OWNER mintmark'
    fi
}
