#!/bin/bash
# Make the passwords of an installation and a certificate for its proxy, once, in deploy/secrets/: docker-compose.yml reads them, and
# nothing else. Never committed. Needs openssl. The proxy has a user of its own, so tls.pem is protected by its folder alone.
set -euo pipefail
umask 077
folder=${1:-$(dirname "$0")/secrets}
if [ -e "$folder/services.env" ]; then
    echo "$folder exists already, and is left unchanged." >&2
    exit 0
fi
mkdir -p "$folder"

password() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
admin=$(password) owner=$(password) services=$(password) reports=$(password) persons=$(password) broker=$(password)

cat >"$folder/postgres.env" <<ENV
POSTGRES_PASSWORD=$admin
PARCOURS_OWNER_PASSWORD=$owner
PARCOURS_SERVICES_PASSWORD=$services
PARCOURS_REPORTS_PASSWORD=$reports
PARCOURS_PERSONS_PASSWORD=$persons
ENV
cat >"$folder/rabbitmq.env" <<ENV
RABBITMQ_DEFAULT_USER=parcours
RABBITMQ_DEFAULT_PASS=$broker
ENV
cat >"$folder/owner.env" <<ENV
PARCOURS_EVENT_STORE=postgresql://parcours_owner:$owner@postgres:5432/parcours_log
ENV
cat >"$folder/services.env" <<ENV
PARCOURS_AMQP_URI=amqp://parcours:$broker@rabbitmq:5672/
PARCOURS_EVENT_STORE=postgresql://parcours_services:$services@postgres:5432/parcours_log
ENV
cat >"$folder/reporting.env" <<ENV
PARCOURS_READ_MODELS=postgresql://parcours_reports:$reports@postgres:5432/parcours_reports
ENV
cat >"$folder/persons.env" <<ENV
PARCOURS_PERSON_KEYS=postgresql://parcours_persons:$persons@postgres:5432/parcours_person_keys
ENV
subject=/CN=localhost names=DNS:localhost,IP:127.0.0.1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 825 -subj "$subject" -addext "subjectAltName=$names" \
    -keyout "$folder/tls.key" -out "$folder/tls.crt" 2>/dev/null
cat "$folder/tls.crt" "$folder/tls.key" >"$folder/tls.pem"
rm "$folder/tls.key" "$folder/tls.crt"
chmod 644 "$folder/tls.pem"
echo "$folder is made. Store a copy with the other passwords of the programme." >&2
