"""A user of RabbitMQ for one trusted back end: it reads the streams of all events (`journey.feed`) and of the figures that moved
(`journey.figures`), and can do nothing else.

    python -m deploy.broker_reader NAME --secret FILE > reader.json
    rabbitmqctl import_definitions reader.json

makes a password, writes it to FILE, which must not exist yet, and prints the definitions of the user, which hold its hash alone. Each
back end gets a user of its own: it can be removed without the others (`rabbitmqctl delete_user reader-NAME`).
"""

import argparse
import hashlib
import json
import os
import re
import secrets
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

from shared.bus.names import Names

NAME = re.compile("[a-z0-9-]{1,40}")
NOTHING = "^$"  # matches no name; an empty pattern would too, and looks like a forgotten one
SALT_LENGTH = 4  # bytes; RabbitMQ's format of a hashed password


def definitions(name: str, password: str, names: Names, vhost: str = "/") -> dict[str, Any]:
    """The definitions that RabbitMQ imports: the user, and what it may do."""
    user = f"reader-{name}"
    hashed = {"password_hash": password_hash(password), "hashing_algorithm": "rabbit_password_hashing_sha256"}
    read = f"^({re.escape(names.feed)}|{re.escape(names.figures)})$"
    return {
        "users": [{"name": user, **hashed, "tags": []}],
        "permissions": [{"user": user, "vhost": vhost, "configure": NOTHING, "write": NOTHING, "read": read}],
    }


def password_hash(password: str) -> str:
    salt = os.urandom(SALT_LENGTH)
    return b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Make a user of RabbitMQ that reads the streams of all events and of figures, and nothing else."
    )
    parser.add_argument("name", help="of the back end: lower-case letters, digits and hyphens")
    parser.add_argument("--secret", type=Path, required=True, help="where the password is written; the file must not exist yet")
    parser.add_argument("--environment", default=os.environ.get("PARCOURS_ENVIRONMENT", ""), help="default: PARCOURS_ENVIRONMENT")
    parser.add_argument("--vhost", default="/")
    given = parser.parse_args()
    if not NAME.fullmatch(given.name):
        parser.error("a name has up to 40 lower-case letters, digits and hyphens")
    password = secrets.token_urlsafe(32)
    try:
        with os.fdopen(os.open(given.secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(password)
    except OSError as fault:
        parser.error(f"{given.secret}: {fault.strerror}")
    json.dump(definitions(given.name, password, Names(given.environment), given.vhost), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
