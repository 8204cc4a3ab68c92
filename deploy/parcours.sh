#!/bin/sh
# `parcours` in a container: `docker compose exec gateway parcours setup`.
exec python -m services.cli.main "$@"
