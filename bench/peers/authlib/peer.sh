# shellcheck shell=bash
# Authlib with Flask, a library: `app.py` is the server, after the example of Authlib's documentation.

# shellcheck source=../gunicorn.sh
source "$here/gunicorn.sh"

peers() {
    printf 'authlib-es256\tAuthlib with Flask\tES256\tSQLite, tokens saved as documented, secrets in clear\n'
    printf 'authlib-rs256\tAuthlib with Flask\tRS256\tSQLite, tokens saved as documented, secrets in clear\n'
    printf 'authlib-es256-unsaved\tAuthlib with Flask\tES256\tSQLite, tokens not saved, secrets in clear\n'
}

install_peer() {
    install_python_packages "$folder" Authlib
}

run_peer() {
    end_in_order
    new_data_folder
    export DATABASE=$data/db.sqlite3 ALGORITHM=$algorithm ISSUER=$origin SAVE_TOKENS=yes
    [[ $name != *-unsaved ]] || SAVE_TOKENS=no
    announce "$(< "$cache/version")" /oauth/token /jwks "$origin"
    serve_python app:app
}
