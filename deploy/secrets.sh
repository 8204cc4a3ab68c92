#!/bin/bash
# Make the passwords of an installation and a certificate for its proxy, once, in deploy/secrets/: docker-compose.yml reads them, and
# nothing else. Never committed. Needs openssl. Each process has its own user of RabbitMQ and its own role of PostgreSQL, each in a file
# that its container alone mounts. Containers have users of their own, so these files are protected by their folder alone.
#
# The definitions of RabbitMQ are written each time, from the passwords that are there: again after an upgrade, and when PARCOURS_ENVIRONMENT
# is another one. `docker compose restart rabbitmq` takes them.
set -euo pipefail
umask 077
here=$(dirname "$0")
folder=${1:-$here/secrets}
processes="intake coaching referrals reporting webhooks accounts gateway relay"
environment=${PARCOURS_ENVIRONMENT:-$(sed -n 's/^PARCOURS_ENVIRONMENT=//p' "$here/../.env" 2>/dev/null | tail -1 || true)}
environment=${environment:-production} # as docker-compose.yml has it

password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

write() { # NAME: what it holds is given
    cat >"$folder/$1"
    chmod 644 "$folder/$1"
}

hashed() { # RabbitMQ's: a salt of four bytes, then the digest of both, in base 64
    local salt
    salt=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n' | sed 's/../\\x&/g')
    { printf '%b' "$salt" && { printf '%b' "$salt" && printf '%s' "$1"; } | openssl dgst -sha256 -binary; } | openssl base64 -A
}

password_in() { # NAME of an address; a new one if it is not there
    if [ -e "$folder/$1" ]; then sed 's#^[a-z]*://[^:]*:\([^@]*\)@.*$#\1#' "$folder/$1"; else password; fi
}

databases() {
    local process owner persons
    owner=$(password) persons=$(password)
    echo "postgresql://parcours_owner:$owner@postgres:5432/parcours_log" | write owner_event_store
    echo "postgresql://parcours_persons:$persons@postgres:5432/parcours_person_keys" | write person_keys
    echo "PARCOURS_PERSONS_PASSWORD=$persons"
    echo "POSTGRES_PASSWORD=$(password)" && echo "PARCOURS_OWNER_PASSWORD=$owner"
    for process in $processes; do
        local secret
        secret=$(password)
        echo "postgresql://parcours_$process:$secret@postgres:5432/parcours_log" | write "${process}_event_store"
        [ "$process" != reporting ] || echo "postgresql://parcours_reporting:$secret@postgres:5432/parcours_reports" | write read_models
        echo "PARCOURS_${process^^}_PASSWORD=$secret"
    done
}

definitions() {
    local process secret words=(-e "s/@environment@/$environment/g")
    for process in $processes operator; do
        secret=$(password_in "${process}_amqp_uri")
        echo "amqp://$environment.parcours-$process:$secret@rabbitmq:5672/" | write "${process}_amqp_uri"
        words+=(-e "s#@$process@#$(hashed "$secret")#")
    done
    sed "${words[@]}" "$here/rabbitmq/definitions.json" | write definitions.json
}

certificate() {
    local subject=/CN=localhost names=DNS:localhost,IP:127.0.0.1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 825 -subj "$subject" -addext "subjectAltName=$names" \
        -keyout "$folder/tls.key" -out "$folder/tls.crt" 2>/dev/null
    cat "$folder/tls.crt" "$folder/tls.key" | write tls.pem
    rm "$folder/tls.key" "$folder/tls.crt"
}

mkdir -p "$folder"
if [ -e "$folder/postgres.env" ]; then
    echo "$folder exists already: its passwords are left unchanged." >&2
else
    databases >"$folder/postgres.new"
    certificate
    mv "$folder/postgres.new" "$folder/postgres.env"
fi
definitions
echo "$folder is made. Store a copy with the other passwords of the programme." >&2
