#!/bin/sh
# `parcours` in a container: `docker compose exec gateway parcours check gateway`.
exec python -m services.cli.main "$@"
