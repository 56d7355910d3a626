# shellcheck shell=bash
# node oidc-provider, a library: `server.mjs` is the server. Its own store in memory; JWTs are not stored.

peers() {
    printf 'oidc-provider-es256\toidc-provider\tES256\tin-memory store, secrets in clear\n'
    printf 'oidc-provider-rs256\toidc-provider\tRS256\tin-memory store, secrets in clear\n'
    printf 'oidc-provider-eddsa\toidc-provider\tEdDSA\tin-memory store, secrets in clear\n'
}

install_peer() {
    install_node_packages "$folder" oidc-provider
}

run_peer() {
    announce "$(< "$cache/version")" /token /jwks "$origin"
    export NODE_ENV=production
    exec node "$cache/server.mjs" "$port" "$algorithm"
}
