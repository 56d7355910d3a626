# shellcheck shell=bash
# django-oauth-toolkit: `app.py` is the whole Django project. Its access tokens are opaque and stored.

# shellcheck source=../postgresql.sh
source "$here/postgresql.sh"
# shellcheck source=../gunicorn.sh
source "$here/gunicorn.sh"

peers() {
    printf 'django-oauth-toolkit-sqlite\tdjango-oauth-toolkit\topaque\tSQLite, hashed secrets\n'
    printf 'django-oauth-toolkit-sqlite-clear\tdjango-oauth-toolkit\topaque\tSQLite, secrets in clear\n'
    printf 'django-oauth-toolkit-postgresql\tdjango-oauth-toolkit\topaque\tPostgreSQL, hashed secrets\n'
    printf 'django-oauth-toolkit-postgresql-clear\tdjango-oauth-toolkit\topaque\tPostgreSQL, secrets in clear\n'
}

install_peer() {
    install_python_packages "$folder" django-oauth-toolkit
    [[ $name != *-postgresql* ]] || install_postgresql
}

run_peer() {
    end_in_order
    export DATABASE HASH_SECRETS=yes DJANGO_SECRET_KEY
    DJANGO_SECRET_KEY=$(random_hex)
    [[ $name != *-clear ]] || HASH_SECRETS=no
    if [[ $name == *-postgresql* ]]; then
        start_postgresql
        DATABASE=postgresql:$data
    else
        new_data_folder
        DATABASE=$data/db.sqlite3
    fi
    PYTHONDONTWRITEBYTECODE=1 "$cache/venv/bin/python" "$folder/app.py"
    announce "$(< "$cache/version")" /o/token/
    serve_python app:application
}
