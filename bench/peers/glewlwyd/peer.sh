# shellcheck shell=bash
# Glewlwyd, from Debian, with a new SQLite database and its OpenID Connect plugin, which issues JWTs.

peers() {
    printf 'glewlwyd-es256\tGlewlwyd\tES256\tSQLite, tokens saved, secrets in clear\n'
    printf 'glewlwyd-rs256\tGlewlwyd\tRS256\tSQLite, tokens saved, secrets in clear\n'
    printf 'glewlwyd-es256-hashed\tGlewlwyd\tES256\tSQLite, tokens saved, hashed secrets\n'
}

install_peer() {
    # One that is there may have another database package, which the one below would replace.
    ! command -v glewlwyd > /dev/null || return 0
    # Without this answer the package's own set-up asks for a database server.
    if [[ $(id -u) == 0 ]] && command -v debconf-set-selections > /dev/null; then
        debconf-set-selections <<< 'glewlwyd glewlwyd/config_type select No configuration'
    fi
    install_debian_packages glewlwyd dbconfig-no-thanks sqlite3 openssl
}

run_peer() {
    end_in_order
    new_data_folder
    make_keys
    sqlite3 "$data/db" < /usr/share/dbconfig-common/data/glewlwyd/install/sqlite3
    configure
    start glewlwyd --env-variables
    python3 "$folder/set_up.py" "$origin" "$algorithm" "$data" "$(secret_storage)"
    announce "$(debian_version glewlwyd)" /api/api/token /api/api/jwks "$origin"
    wait "${processes[-1]}"
}

secret_storage() {
    if [[ $name == *-hashed ]]; then echo hashed; else echo clear; fi
}

make_keys() {
    local kind=(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)
    [[ $algorithm != RS256 ]] || kind=(-algorithm RSA -pkeyopt rsa_keygen_bits:2048)
    openssl genpkey -quiet "${kind[@]}" -out "$data/private.pem"
    openssl pkey -in "$data/private.pem" -pubout -out "$data/public.pem"
}

# The settings of the package's sample file; what is not here is as built in.
configure() {
    export GLWD_PORT=$port GLWD_BIND_ADDRESS=127.0.0.1 GLWD_EXTERNAL_URL=$origin
    export GLWD_LOG_MODE=console GLWD_LOG_LEVEL=ERROR
    export GLWD_DATABASE_TYPE=sqlite3 GLWD_DATABASE_SQLITE3_PATH=$data/db
    export GLWD_HASH_ALGORITHM=SHA512 GLWD_COOKIE_SECURE=0
    export GLWD_LOGIN_URL=login.html GLWD_API_PREFIX=api
    export GLWD_SESSION_KEY=GLEWLWYD2_SESSION_ID GLWD_SESSION_EXPIRATION=2419200
    export GLWD_ADMIN_SCOPE=g_admin GLWD_PROFILE_SCOPE=g_profile
    export GLWD_USER_MODULE_PATH=/usr/lib/glewlwyd/user GLWD_CLIENT_MODULE_PATH=/usr/lib/glewlwyd/client
    export GLWD_AUTH_SCHEME_MODULE_PATH=/usr/lib/glewlwyd/scheme GLWD_PLUGIN_MODULE_PATH=/usr/lib/glewlwyd/plugin
}
