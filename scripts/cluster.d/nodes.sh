# shellcheck shell=bash disable=SC2154 # the variables of the other files
# The Mintmark nodes: one database, one set of root keys, a folder each.

readonly environment=sandbox
# A name, as every issuer is. It must be one of https, while the cluster itself has no TLS.
readonly issuer=https://mintmark.test

# Sets `binary`, and builds it where nobody has.
find_binary() { # FILE
    binary=$1
    if [[ -z $binary ]]; then
        binary=${CARGO_TARGET_DIR:-$repository/target}/release/mintmark
        [[ -e $binary ]] || build
    fi
    [[ -x $binary ]] || fail "$binary is not a program"
}

build() {
    command -v cargo > /dev/null || fail "there is neither $binary nor a cargo to build it; name one: --mintmark FILE"
    say "Building Mintmark"
    (cd "$repository" && cargo build --release --locked)
}

start_nodes() {
    say "Starting the Mintmark nodes"
    # A link, so that a node that is run again runs what was built meanwhile.
    ln -sfn "$binary" "$folder/mintmark.binary"
    [[ -e $folder/mintmark/mintmark.toml ]] || make_registry
    run "${nodes[@]}"
    [[ -e $folder/demo-client.json ]] || make_demo_client
    await 15 "HAProxy to see the nodes" has_all_nodes
}

mintmark() {
    "$folder/mintmark.binary" "$@"
}

# The tables, the root keys, and the configuration: of the commands as it is, and of each node with an address of its own.
make_registry() {
    local own=$folder/mintmark
    PGPASSWORD=$(password mintmark) mintmark init "$own" --environment "$environment=$issuer" \
        --store "postgres://mintmark@${address[haproxy]}:5432/mintmark?sslmode=disable" >> "$folder/logs/commands.log"
    sed -i "/^url = /a password_file = \"$folder/passwords/mintmark\"" "$own/mintmark.toml"
    cat >> "$own/mintmark.toml" << END

[limits]
# HAProxy looks twice a second, and believes what it has seen twice.
drain = 2
END
}

start_node() { # NAME
    local own=$folder/$1
    mkdir -p "$own"
    chmod 700 "$own"
    install -m 600 "$folder/mintmark/root-keys.toml" "$own/root-keys.toml"
    sed "s|^listen = .*|listen = \"${address[$1]}:8080\"|" "$folder/mintmark/mintmark.toml" > "$own/mintmark.toml"
    launch "$1" "$folder/mintmark.binary" serve --config "$own/mintmark.toml" --json
}

make_demo_client() {
    local config=$folder/mintmark/mintmark.toml
    mintmark tenant create Demo --config "$config" >> "$folder/logs/commands.log"
    (
        umask 077
        mintmark client create demo --environment "$environment" --dialect standard --config "$config" --json \
            > "$folder/demo-client.json.new" || { cat "$folder/demo-client.json.new" >&2; exit 1; }
    )
    mv "$folder/demo-client.json.new" "$folder/demo-client.json"
}

introduce_nodes() {
    local id secret
    id=$(jq -r .client.id "$folder/demo-client.json")
    secret=$(jq -r .client_secret "$folder/demo-client.json")
    cat << END
Mintmark    http://${address[haproxy]}:8080 (any node that is ready)
            curl -s -u '$id:$secret' -d grant_type=client_credentials http://${address[haproxy]}:8080/oauth/token
            $folder/mintmark.binary tenant list --config $folder/mintmark/mintmark.toml
END
}
