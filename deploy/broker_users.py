"""The users of RabbitMQ, one for each process with its own rights, as definitions that RabbitMQ imports.

    python -m deploy.broker_users --secrets FOLDER > definitions.json
    rabbitmqctl import_definitions definitions.json

makes a password for each process in FOLDER/<process>, unless it is there, and prints the definitions: users, what each may do, and the
exchanges, which none of them may declare. They hold hashes of the passwords alone. Import them again after an upgrade: the passwords stay.

docker-compose.yml mounts what deploy/secrets.sh makes of `--template`, in which the environment and the hashes are still to be filled in.
"""

import argparse
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.broker_reader import password_hash
from services.bootstrap.broker_rights import exchanges, rights
from services.bootstrap.names import PROCESSES
from shared.bus.names import Names

OPERATOR = "operator"  # of the containers: every right, and the console
TEMPLATE = Path(__file__).parent / "rabbitmq" / "definitions.json"
ENVIRONMENT = "@environment@"  # in the template


def definitions(names: Names, hashes: Mapping[str, str], vhost: str = "/") -> dict[str, Any]:
    """The users of these processes."""
    granted = {process: each for process, each in rights(names).items() if process in hashes}
    users = [user(names.user(process), hashes[process]) for process in granted]
    permissions = [
        {"user": names.user(process), "vhost": vhost, "configure": each.configure, "write": each.write, "read": each.read}
        for process, each in granted.items()
    ]
    topics = [
        {"user": names.user(process), "vhost": vhost, "exchange": names.rpc, "write": each.write_keys, "read": each.read_keys}
        for process, each in granted.items()
    ]
    durable = {"vhost": vhost, "durable": True, "auto_delete": False, "internal": False, "arguments": {}}
    return {
        "vhosts": [{"name": vhost}],
        "users": users,
        "permissions": permissions,
        "topic_permissions": topics,
        "exchanges": [{"name": name, "type": type, **durable} for name, type in exchanges(names).items()],
    }


def user(name: str, hashed: str, tags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"name": name, "password_hash": hashed, "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": [*tags]}


def template() -> dict[str, Any]:
    """For the broker of docker-compose.yml, with the user of operators beside those of processes."""
    names = Names(ENVIRONMENT)
    made = definitions(names, {process: f"@{process}@" for process in PROCESSES})
    made["users"].append(user(names.user(OPERATOR), f"@{OPERATOR}@", ("administrator",)))
    made["permissions"].append({"user": names.user(OPERATOR), "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"})
    return made


def password(file: Path) -> str:
    """The password in a file, which is made if it is missing."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as made:
            made.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return file.read_text()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the users of RabbitMQ, one for each process with its own rights.")
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--secrets", type=Path, metavar="FOLDER", help="where the passwords are, a file for each process")
    asked.add_argument("--template", action="store_true", help="without passwords and without an environment")
    parser.add_argument("--environment", default=os.environ.get("PARCOURS_ENVIRONMENT", ""), help="default: PARCOURS_ENVIRONMENT")
    parser.add_argument("--vhost", default="/")
    given = parser.parse_args()
    if given.template:
        print(text(template()))
        return
    try:
        hashes = {process: password_hash(password(given.secrets / process)) for process in PROCESSES}
    except OSError as fault:
        parser.error(f"{fault.filename}: {fault.strerror}")
    print(text(definitions(Names(given.environment), hashes, given.vhost)))


def text(made: Mapping[str, Any]) -> str:
    return json.dumps(made, indent=1)


if __name__ == "__main__":
    main()
