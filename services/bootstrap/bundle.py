"""A bundle: what an auditor carries away, and verifies without us.

It holds the events as they are stored, the checkpoints up to the last of them, the key that verifies, the schemas and the definitions by
which events are read, the headline figures as this installation tells them, and a program that computes all of it again: the module
`shared.proof.verify`, as it is. It holds the whole log: whoever gets it sees every pseudonym. Only its owner can read it, as it is made.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from services.bootstrap.composition import Components
from services.bootstrap.registry import SERVICES
from services.gateway.event_schemas import event_schemas
from services.vocabulary.programme import PROGRAMME
from shared.message import START, Position, decode_event
from shared.proof import verify
from shared.proof.notes import VerifierKey
from shared.store.tree_heads import all_heads

PAGE = 1_000
PROGRAM = "verify.py"
HEADLINES = ("people_met", "redirection_rate", "positive_rate")
DEFINITIONS = "reporting.DefinitionsPublished"
encode = msgspec.json.Encoder().encode


def make_bundle(components: Components, target: Path, verifier: VerifierKey) -> int:
    """Write a bundle to the new folder `target`, and return how many events it holds.

    Raises:
        OSError: something has that name already, or it cannot be written; nothing is left of it.
        Unavailable: the log cannot be read; the same.
    """
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    draft = Path(tempfile.mkdtemp(".part", f".{target.name}.", target.absolute().parent))
    try:
        count = write(components, draft, verifier)
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return count


def write(components: Components, folder: Path, verifier: VerifierKey) -> int:
    head = components.raw_store.head()
    definitions = []
    count = 0
    with (folder / "events.ndjson").open("wb") as file:
        for line in lines(components, head):
            file.write(line + b"\n")
            count += 1
            if DEFINITIONS.encode() in line and (event := decode_event(line)).kind == DEFINITIONS:
                definitions.append(event.data)
    with (folder / "checkpoints.ndjson").open("wb") as file:
        for sealed in all_heads(components.tree_heads):
            if sealed.position <= head:
                file.write(encode({"size": sealed.size, "note": sealed.note, "leaves": sealed.leaves}) + b"\n")
                (folder / "checkpoint.txt").write_text(sealed.note)
    schemas = {schema["$id"]: schema for schema in event_schemas(SERVICES.values()).values()}
    (folder / "key.txt").write_text(f"{verifier}\n")
    (folder / "schemas.json").write_bytes(msgspec.json.format(encode(schemas)))
    (folder / "definitions.json").write_bytes(msgspec.json.format(encode(definitions)))
    (folder / "figures.json").write_bytes(msgspec.json.format(encode(figures(components, head))))
    shutil.copyfile(verify.__file__, folder / PROGRAM)
    return count


def lines(components: Components, until: Position) -> Iterator[bytes]:
    after = START
    while page := components.raw_store.read_stored(after, PAGE):
        for event in page:
            if event.position > until:
                return
            yield event.line
        after = page[-1].position


def figures(components: Components, position: Position) -> dict[str, dict[str, dict[str, object]]]:
    """The headline figures of every quarter and territory, folded from the log up to a position: those that `parcours replay` prints."""
    reports = components.replayed(position)
    places = [PROGRAMME, *(territory.id for territory in components.settings.programme().territories)]
    return {
        quarter: {
            place: {name: cell for name, cell in reports.figures(place, quarter, None).indicators.items() if name in HEADLINES}
            for place in places
        }
        for quarter in reports.quarters()
    }
