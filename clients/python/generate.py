"""Make the generated part of the client from the OpenAPI document of a gateway.

    python generate.py http://127.0.0.1:8000/openapi.json

What is generated
-----------------
- A model for each command, which `Parcours.send` takes, and one for each answer.
- An operation for each reading, and those that make a session or a ticket.

What is left out is written by hand: sending commands and the live feed. Failed requests raise `Problem` in one place, so that the
operations name what succeeds alone. Of what is read, closed lists become texts: they may grow within `/v1`. Territories are those of a
programme and not of this package: they become texts everywhere.

Nothing is made again while the document, this program and the generator are the same.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

OUTPUT = Path(__file__).parent / "src" / "parcours_client" / "generated"
DIGEST = "made_from.sha256"
BY_HAND = ("/v1/commands", "/v1/stream", "/v1/backchannel-logout")  # and the address of each command; an issuer alone calls the last
CONFIGURATION = {"literal_enums": True}
REF = "#/components/schemas/"
START_S = 60.0  # for which a gateway that does not answer yet is awaited
Members = dict[str, Any]


def prepared(document: Members) -> Members:
    """The document that the code is generated from."""
    paths = {path: operations for path, operations in document["paths"].items() if not by_hand(path)}
    for operation in (operation for operations in paths.values() for operation in operations.values()):
        operation["responses"] = {status: response for status, response in operation["responses"].items() if status.startswith("2")}
    schemas = document["components"]["schemas"]
    sent = components_of(bodies(document), schemas)
    for name, schema in schemas.items():
        open_lists(schema, everything=name not in sent)
    open_lists(paths, everything=False)
    return {**document, "paths": paths}


def by_hand(path: str) -> bool:
    return path in BY_HAND or path.startswith(f"{BY_HAND[0]}/")


def bodies(document: Members) -> list[Any]:
    return [
        operation["requestBody"]
        for operations in document["paths"].values()
        for operation in operations.values()
        if "requestBody" in operation
    ]


def components_of(part: Any, schemas: Members) -> set[str]:
    """The components that a part of the document refers to, and those that they refer to."""
    found: set[str] = set()
    waiting = list(references(part))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += references(schemas[name])
    return found


def references(part: Any) -> Iterator[str]:
    for key, value in entries(part):
        if key == "$ref" and isinstance(value, str):
            yield value.removeprefix(REF)
        else:
            yield from references(value)


def open_lists(part: Any, *, everything: bool) -> None:
    """Let closed lists be texts: all of them, or those of territories."""
    for key, value in entries(part):
        if isinstance(value, dict) and "enum" in value and (everything or key == "territory"):
            part[key] = {"type": "string"} | {name: each for name, each in value.items() if name not in ("enum", "default")}
        elif isinstance(value, dict) and value.get("name") == "territory" and "schema" in value:
            items = value["schema"].get("items")
            value["schema"] = {"type": "array", "items": {"type": "string"}} if items else {"type": "string"}
        else:
            open_lists(value, everything=everything)


def entries(part: Any) -> list[tuple[Any, Any]]:
    return list(part.items()) if isinstance(part, dict) else list(enumerate(part)) if isinstance(part, list) else []


def generate(document: str, output: Path = OUTPUT) -> bool:
    """Generate the code into `output`. False if it was made from this document already.

    Raises:
        subprocess.CalledProcessError: the generator could not read the document, or warns of a part that it leaves out.
    """
    digest = digest_of(document)
    if (output / DIGEST).is_file() and (output / DIGEST).read_text() == digest:
        return False
    with TemporaryDirectory() as folder:
        source, configuration, made = Path(folder, "openapi.json"), Path(folder, "configuration.json"), Path(folder, "generated")
        source.write_text(json.dumps(prepared(json.loads(document))))
        configuration.write_text(json.dumps(CONFIGURATION))
        command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"]
        command += ["--path", str(source), "--config", str(configuration), "--output-path", str(made)]
        # The generator formats what it made, with the ruff of this environment, whose cache would stay there.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        env = {**os.environ, "PATH": path, "RUFF_NO_CACHE": "true"}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)  # noqa: S603 - our own words and folders
        made.joinpath(DIGEST).write_text(digest)
        shutil.rmtree(output, ignore_errors=True)
        shutil.move(made, output)
    return True


def digest_of(document: str) -> str:
    """What the generated code depends on: the document, this program, and the version of the generator."""
    return sha256(f"{Path(__file__).read_text()}{version('openapi-python-client')}{document}".encode()).hexdigest()


def fetched(address: str) -> str:
    """The document of a gateway, which may be about to start."""
    until = time.monotonic() + START_S
    while True:
        try:
            return httpx.get(address).raise_for_status().text
        except httpx.ConnectError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("document", help="the address of /openapi.json of a gateway, or a file")
    given = parser.parse_args().document
    document = fetched(given) if given.startswith("http") else Path(given).read_text()
    print(f"{OUTPUT}: {'made' if generate(document) else 'as it was'}", file=sys.stderr)


if __name__ == "__main__":
    main()
