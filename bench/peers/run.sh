# shellcheck shell=bash
# What all peers share while they run: a client with a new secret, the file that tells the caller about it, and an orderly end.

new_client() {
    export CLIENT_ID=bench CLIENT_SECRET
    CLIENT_SECRET=$(random_hex)
}

random_hex() {
    od -An -N32 -v -tx1 /dev/urandom | tr -d ' \n'
}

# announce VERSION TOKEN_PATH [JWKS_PATH ISSUER]: writes $PEER_INFO in one step, readable for nobody else.
# No value holds a character that JSON would want escaped.
announce() {
    local credentials temporary
    credentials=$(printf '%s:%s' "$CLIENT_ID" "$CLIENT_SECRET" | base64 -w0)
    temporary=$(mktemp "$PEER_INFO.XXXXXX")
    {
        printf '{"name": "%s", "server": "%s", "version": "%s", ' "$name" "$server" "$1"
        printf '"algorithm": "%s", "setup": "%s", ' "$algorithm" "$setup"
        printf '"token_url": "%s", "authorization": "Basic %s", ' "$origin$2" "$credentials"
        printf '"body": "%s", ' "grant_type=client_credentials&scope=read${extra_parameters-}"
        printf '"jwks_url": %s, "issuer": %s}\n' "$(json_or_null "${3:+$origin$3}")" "$(json_or_null "${4-}")"
    } > "$temporary"
    mv "$temporary" "$PEER_INFO"
}

json_or_null() {
    if [[ -n $1 ]]; then printf '"%s"' "$1"; else printf null; fi
}

# What `end` stops and removes, the newest first: the server goes before its database.
processes=()
folders=()

# For peers that would leave something behind; the others just `exec` their server.
end_in_order() {
    trap end EXIT
    trap 'exit 0' TERM INT
}

end() {
    local i
    trap '' TERM INT
    for ((i = ${#processes[@]} - 1; i >= 0; i--)); do
        kill "${processes[i]}" 2> /dev/null || true
        wait "${processes[i]}" || true
    done
    rm -rf "${folders[@]}"
}

# Sets `data`, a new folder that is removed at the end.
new_data_folder() {
    data=$(mktemp -d "${TMPDIR:-/tmp}/mintmark-bench-peer.XXXXXX")
    folders+=("$data")
}

# start COMMAND...: a child that also ends if this shell is killed outright.
start() {
    setpriv --pdeathsig TERM -- "$@" &
    processes+=("$!")
}

# serve COMMAND...: the same, and waits for it.
serve() {
    start "$@"
    wait "${processes[-1]}"
}
