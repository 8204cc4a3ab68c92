#!/bin/bash
# In place of the entrypoint of the image postgres:17: initialises once, runs what is mounted, and becomes the server.
set -euo pipefail
export PATH=/usr/lib/postgresql/17/bin:$PATH PGDATA=/var/lib/postgresql/data
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA" && chmod 700 "$PGDATA" && chown -R postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # shellcheck disable=SC2086 # several words
    initdb --username "$POSTGRES_USER" --pwfile <(printf '%s' "$POSTGRES_PASSWORD") $POSTGRES_INITDB_ARGS
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    pg_ctl --wait start -o "-c listen_addresses=''"
    for script in /docker-entrypoint-initdb.d/*.sh; do bash "$script"; done
    pg_ctl --wait stop
fi
exec "$@" -c "listen_addresses=*"
