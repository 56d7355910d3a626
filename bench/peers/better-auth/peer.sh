# shellcheck shell=bash
# better-auth with its plugins `jwt` and `oauthProvider`, a library: `server.mjs` is the server.

peers() {
    printf 'better-auth-es256\tbetter-auth\tES256\tin-memory store, hashed secrets\n'
    printf 'better-auth-eddsa\tbetter-auth\tEdDSA\tin-memory store, hashed secrets\n'
    printf 'better-auth-rs256\tbetter-auth\tRS256\tin-memory store, hashed secrets\n'
}

install_peer() {
    install_node_packages "$folder" better-auth
}

run_peer() {
    # Without a resource the token is opaque.
    extra_parameters='&resource=https%3A%2F%2Fapi.example.com'
    announce "$(< "$cache/version")" /api/auth/oauth2/token /api/auth/jwks "$origin/api/auth"
    export NODE_ENV=production
    exec node "$cache/server.mjs" "$port" "$algorithm"
}
