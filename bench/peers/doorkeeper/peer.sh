# shellcheck shell=bash
# Doorkeeper on Rails with Puma, all from Debian: `config.ru` is the whole application. Its access tokens are opaque and stored.

peers() {
    printf 'doorkeeper\tDoorkeeper on Rails\topaque\tSQLite, secrets and tokens in clear\n'
    printf 'doorkeeper-hashed\tDoorkeeper on Rails\topaque\tSQLite, hashed secrets and tokens\n'
}

install_peer() {
    install_debian_packages ruby-doorkeeper ruby-rails ruby-sqlite3 puma
}

run_peer() {
    end_in_order
    new_data_folder
    export DATABASE_URL="sqlite3:$data/db.sqlite3?pool=5&timeout=5000" HASH_SECRETS=no DATA=$data
    [[ $name != *-hashed ]] || HASH_SECRETS=yes
    announce "$(debian_version ruby-doorkeeper)" /oauth/token
    serve puma --quiet --environment production --workers 0 --threads 5:5 --bind "tcp://127.0.0.1:$port" "$folder/config.ru"
}
