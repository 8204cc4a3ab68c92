"""Writes docker-compose.yml: a container for each process that the registry of services knows.

`python -m deploy.compose > docker-compose.yml`, or `make compose`. A test compares the committed file with what this writes.
"""

import sys

from services.bootstrap.names import GATEWAY, PROCESSES

HEAD = """\
# Written by `make compose` from the registry of services (deploy/compose.py): edit that file, not this one.
#
# The whole programme on one machine: a broker, a database, and one container for each service.
#
#     deploy/secrets.sh && docker compose up --build --wait
#
# http://127.0.0.1:8000 answers; put a proxy with TLS in front of it. This file holds no secret: deploy/secrets.sh makes
# deploy/secrets/*.env once, and the services make the key that signs identities themselves, in the volume `keys`.
name: parcours

x-service: &service
  image: parcours:local
  build:
    context: .
    dockerfile: deploy/Dockerfile
  env_file: [deploy/secrets/services.env]
  environment:
    PARCOURS_KEYS: /keys/signing
    PARCOURS_ENVIRONMENT: ${PARCOURS_ENVIRONMENT:-production}
  volumes: ["keys:/keys"]
  tmpfs: ["/tmp", "/data:uid=10001,gid=10001,mode=0700"]
  depends_on:
    setup: {condition: service_completed_successfully}
    rabbitmq: {condition: service_healthy}
    postgres: {condition: service_healthy}
  restart: unless-stopped
  init: true
  read_only: true
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  stop_grace_period: 30s

x-health: &health
  interval: 30s
  timeout: 15s
  start_period: 60s
  start_interval: 3s
  retries: 3

services:
  rabbitmq:
    image: rabbitmq:4.1.4-management-alpine
    hostname: rabbitmq # the data of the node is stored under this name
    env_file: [deploy/secrets/rabbitmq.env]
    volumes:
      - ./deploy/rabbitmq.conf:/etc/rabbitmq/conf.d/20-parcours.conf:ro
      - broker:/var/lib/rabbitmq
    ports: ["127.0.0.1:15672:15672"]
    restart: unless-stopped
    healthcheck:
      <<: *health
      test: [CMD, rabbitmq-diagnostics, -q, check_port_connectivity]

  # Connections at most: 9 for the log in each of seven processes (6 read, 1 writes, 2 for checkpoints), one lease in each and one more in
  # the relay, 2 for the ledger of webhooks, 2 for the records of the gateway, 15 for the read models: 90 of the 97 that PostgreSQL leaves
  # to its clients by default.
  postgres:
    image: postgres:17.6-alpine
    env_file: [deploy/secrets/postgres.env]
    environment:
      POSTGRES_USER: postgres
      POSTGRES_INITDB_ARGS: --data-checksums --auth-host=scram-sha-256
    volumes:
      - ./deploy/postgres/roles.sh:/docker-entrypoint-initdb.d/10-roles.sh:ro
      - database:/var/lib/postgresql/data
    shm_size: 256m
    restart: unless-stopped
    healthcheck:
      <<: *health
      test: [CMD, pg_isready, --host=127.0.0.1, --username=postgres, --dbname=parcours_log]

  # The tables of the log belong to a role that no service runs as. Opening the log as that role creates them.
  setup:
    <<: *service
    env_file: [deploy/secrets/owner.env]
    command: [history, --after, "9223372036854775807", --data, /data]
    depends_on:
      postgres: {condition: service_healthy}
    restart: on-failure
"""

CONTAINER = """
  {name}:
    <<: *service
{extra}    command: [service, {name}, --data, /data{options}]
{ports}    healthcheck:
      <<: *health
      test: [CMD, python, deploy/healthy.py, {name}]
"""

TAIL = """
volumes:
  broker:
  database:
  keys:
"""

READ_MODELS = "    env_file: [deploy/secrets/services.env, deploy/secrets/reporting.env]\n"
EXTRA = {"reporting": READ_MODELS}  # the role that may write the read models


def container(name: str) -> str:
    listens = name == GATEWAY
    return CONTAINER.format(
        name=name,
        extra=EXTRA.get(name, ""),
        options=', --host, 0.0.0.0, --port, "8000"' if listens else "",
        ports='    ports: ["127.0.0.1:8000:8000"]\n' if listens else "",
    )


def compose() -> str:
    """The whole file."""
    return HEAD + "".join(container(name) for name in PROCESSES) + TAIL


if __name__ == "__main__":
    sys.stdout.write(compose())
