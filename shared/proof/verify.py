#!/usr/bin/env python3
"""Verifies a bundle of Parcours, trusting nobody: it needs Python 3.11 and the package `cryptography`, and nothing of Parcours.

    python verify.py [FOLDER] [--key KEY] [--checkpoint FILE]...

KEY is the text of the key that you were given by other means than this bundle, FILE a checkpoint that you have kept. Computed again are:
the leaf of every event and the roots of the tree (RFC 6962), signatures and checkpoints (C2SP signed-note, tlog-checkpoint), positions and
versions without holes, and the headline figures, from the events alone. Exit codes: 0 all is well, 1 something is wrong, 2 misuse.
"""

import argparse
import json
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Json = dict[str, Any]


def roots(leaves: list[bytes], sizes: set[int]) -> dict[int, bytes]:
    """MTH of RFC 6962, section 2.1, of leaves that are hashed already: the root at each of these sizes, in one pass."""
    found, stack = {0: sha256().digest()}, list[bytes]()
    for size, leaf in enumerate(leaves, 1):
        carry = size
        while not carry & 1:
            leaf, carry = sha256(b"\1" + stack.pop() + leaf).digest(), carry >> 1
        stack.append(leaf)
        if size in sizes:
            above = stack[-1]
            for left in reversed(stack[:-1]):
                above = sha256(b"\1" + left + above).digest()
            found[size] = above
    return found


class Key:
    """`name+id+key`, as golang.org/x/mod/sumdb/note writes it."""

    def __init__(self, text: str) -> None:
        self.name, self.id, encoded = text.strip().split("+", 2)
        self.bytes = b64decode(encoded, validate=True)
        named = sha256(self.name.encode() + b"\n" + self.bytes).digest()[:4].hex()
        if named != self.id or self.bytes[:1] != b"\1" or len(self.bytes) != 33:
            raise ValueError("no Ed25519 key")

    def open(self, note: str) -> tuple[int, bytes]:
        """The size and the root of a checkpoint that this key has signed. Raises ValueError."""
        text, separator, signatures = note.rpartition("\n\n")
        lines = [re.fullmatch(r"— (\S+) ([A-Za-z0-9+/]+={0,2})", line) for line in signatures.removesuffix("\n").split("\n")]
        if not separator or not signatures.endswith("\n") or not all(lines) or re.search(r"[\0-\x09\x0b-\x1f]", text):
            raise ValueError("no signed note")
        own = [b64decode(line[2]) for line in lines if line and line[1] == self.name and b64decode(line[2])[:4].hex() == self.id]
        if not own:
            raise ValueError(f"it is not signed by {self.name}+{self.id}")
        for signature in own:
            try:
                Ed25519PublicKey.from_public_bytes(self.bytes[1:]).verify(signature[4:], f"{text}\n".encode())
            except InvalidSignature:
                raise ValueError(f"the signature by {self.name}+{self.id} is forged") from None
        origin, size, hashed = [*text.split("\n"), "", ""][:3]
        if origin != self.name or not re.fullmatch("0|[1-9][0-9]{0,18}", size) or b64encode(b64decode(hashed)).decode() != hashed:
            raise ValueError("no checkpoint of this log")
        return int(size), b64decode(hashed)


def compared(sealed: list[bytes], found: list[bytes]) -> Iterator[str]:
    """What happened to which event. What was not sealed may only follow what was."""
    place = {leaf: number for number, leaf in enumerate(sealed, 1)}
    known: list[tuple[int, int]] = []  # numbers, as sealed and as found
    new: list[tuple[int, int]] = []  # how many known ones come before an unknown one, and its number
    for number, leaf in enumerate(found, 1):
        if (at := place.pop(leaf, None)) is None:
            new.append((len(known), number))
        else:
            known.append((at, number))
    order = sorted(at for at, _ in known)
    gone, before = [], 0
    for at in sorted(place.values()):
        while before < len(order) and order[before] < at:
            before += 1
        match = next((each for each in new if each[0] == before), None)
        if match is None:
            gone.append(at)
        else:
            new.remove(match)
            yield f"event number {at} was changed: it is not the one that was sealed"
    yield from (f"event number {at} is missing" for at in gone[:20])
    if gone and (not order or gone[-1] > order[-1]):
        yield f"the end is cut off: {len(sealed)} events were sealed, {len(gone)} of them are missing"
    yield from (f"event number {number} of the file was added: it was not sealed" for before, number in new if before < len(known))
    for (at, number), expected in zip(known, order, strict=True):
        if at != expected:
            yield f"event number {at} was moved: it stands as number {number} of the file"


def chained(events: list[Json]) -> Iterator[str]:
    """Positions that follow each other, versions of each stream without holes, ids that occur once."""
    previous, versions, ids = 0, dict[str, int](), set[str]()
    for number, event in enumerate(events, 1):
        if event["previous"] != previous or event["position"] <= previous:
            yield f"event number {number}, position {event['position']}, follows {event['previous']}, and position {previous} is before it"
        version = versions.get(event["subject"], 0)
        if event["streamversion"] != version + 1:
            yield f"event number {number}: version {event['streamversion']} of {event['subject']} follows version {version}"
        if event["id"] in ids:
            yield f"event number {number}: the id {event['id']} occurs twice"
        previous, versions[event["subject"]] = event["position"], event["streamversion"]
        ids.add(event["id"])


QUALITIES = {"BusinessCreated": "CREATION", "SchoolResumed": "SCOLARITE", "CivicServiceStarted": "SERVICE_CIVIQUE"}
QUALITIES |= {"IntensiveSchemeEntered": "DISPOSITIF_INTENSIF"}
STAGES = {"SENT": "ReferralSent", "ACCEPTED": "ReferralAccepted", "COMPLETED": "ReferralCompleted"}
CLASSES = ("POSITIVE", "DYNAMIC", "OTHER")


class Fold:
    """The headline figures at the end of a quarter: facts count on their day, `on`; a person counts where the first fact of them is."""

    def __init__(self, events: list[Json], quarter: str) -> None:
        year, number = int(quarter[:4]), int(quarter[-1])
        last = date(year + number // 4, number % 4 * 3 + 1, 1) - timedelta(days=1)
        self.last = last.isoformat()  # as days are written in events
        told = [{"name": event["type"].rpartition(".")[2], "at": event["position"], "in": event["territory"]} for event in events]
        named = [event["data"] | more for event, more in zip(events, told, strict=True)]
        aside = set[int]()
        for fact in reversed(named):  # from the last one: a setting aside may be set aside
            if fact["name"] == "FactSetAside" and fact["at"] not in aside:
                aside.add(fact["position"])
        self.facts = [fact for fact in named if fact["at"] not in aside]
        published = self.named("DefinitionsPublished")
        self.rules = ([each for each in published if (each.get("from_quarter") or "") <= quarter] or published[:1])[-1]
        self.kept: dict[str, str] = {}
        for fact in self.named("PersonsMerged", "PersonsSeparated"):
            self.kept.pop(fact["merged"], None)
            if fact["name"] == "PersonsMerged":
                self.kept[fact["merged"]] = fact["kept"]

    def named(self, *names: str) -> list[Json]:
        return [fact for fact in self.facts if fact["name"] in names]

    def until(self, *names: str) -> list[Json]:
        until = [fact for fact in self.named(*names) if fact["on"] <= self.last]
        return sorted(until, key=lambda fact: (fact["on"], fact["at"]))

    def person(self, fact: Json) -> str:
        record = str(fact["person"])
        while record in self.kept:
            record = self.kept[record]
        return record

    def where(self, facts: list[Json]) -> dict[str, str]:
        """Each person, with the territory of the first of these facts."""
        return {self.person(fact): fact["in"] for fact in reversed(facts)}

    def exits(self) -> list[Json]:
        stated: dict[tuple[str, int], Json] = {}
        for fact in self.named("JourneyExited", "ExitCorrected", "ExitNeutralised", "NeutralisationLifted"):
            key = (fact["person"], fact["rank"])
            if fact["name"] == "JourneyExited":
                stated[key] = fact | {"neutral": False}
            elif key in stated and fact["name"] == "ExitCorrected":
                stated[key] |= {"exit_on": fact["exit_on"], "outcomes": fact["outcomes"]}
            elif key in stated:
                stated[key]["neutral"] = fact["name"] == "ExitNeutralised"
        return [exit for exit in stated.values() if exit["exit_on"] <= self.last]

    def class_of(self, outcome: Json) -> int:
        training = f"FORMATION_{outcome['kind']}" if outcome["name"] == "TrainingEntered" else ""
        quality, classes, best = QUALITIES.get(outcome["name"]) or training or outcome["contract"], self.rules["outcome_classes"], -1
        found = classes.get(quality, "OTHER")
        for key, value in classes.items():
            name, _, months = key.partition(">=")
            if name == quality and months and best < int(months) <= (outcome.get("months") or 0):
                best, found = int(months), value
        return CLASSES.index(found)

    def best_exits(self, exits: list[Json]) -> dict[str, int]:
        """The best class of any exit, by person."""
        stated = self.named("JobFound", "TrainingEntered", *QUALITIES)
        outcomes: dict[str, Json] = {}
        for fact in stated:
            if fact["on"] <= self.last:
                outcomes.setdefault(fact["person"], {})[fact["outcome"]] = fact  # a later statement replaces an earlier one
        best: dict[str, int] = {}
        for exit in exits:
            limit = date.fromisoformat(exit["exit_on"]) + timedelta(days=self.rules["thresholds"].get("outcome_days", 213))
            known = [each for each in outcomes.get(exit["person"], {}).values() if each["on"] <= limit.isoformat()]
            later = [each for each in known if each["rank"] == exit["rank"] and each["on"] > exit["exit_on"]]
            classes = [self.class_of(each) for each in (*(each for each in known if each["outcome"] in exit["outcomes"]), *later)]
            best[self.person(exit)] = min([*classes, 2, best.get(self.person(exit), 2)])
        return best

    def figures(self, territory: str) -> Json:
        met, opened, exits = self.where(self.until("PersonIdentified")), self.until("JourneyOpened"), self.exits()
        withdrawn = {(fact["person"], fact["referral"]) for fact in self.until("ReferralWithdrawn")}
        reached = self.until(STAGES[self.rules["counted_stages"].get("redirection", "SENT")])
        redirected = {self.person(fact) for fact in reached if (fact["person"], fact["referral"]) not in withdrawn}
        neutral = {(exit["person"], exit["rank"]) for exit in exits if exit["neutral"]}
        coached = {self.person(fact) for fact in opened if (fact["person"], fact["rank"]) not in neutral}
        best = self.best_exits([exit for exit in exits if not exit["neutral"]])
        here = {person for person, place in met.items() if territory in ("all", place)}
        cohort = {person for person, place in self.where(opened).items() if person in coached and territory in ("all", place)}
        return {
            "people_met": {"value": len(here)},
            "redirection_rate": rate(len(here & redirected), len(here)),
            "positive_rate": rate(len({person for person in cohort if best.get(person) == 0}), len(cohort)),
        }


def rate(numerator: int, denominator: int) -> Json:
    percent = (200 * numerator + denominator) // (2 * denominator) if denominator else None
    return {"numerator": numerator, "denominator": denominator, "percent": percent}


def wrong_with_seals(folder: Path, leaves: list[bytes], key: Key, kept: list[Path]) -> Iterator[str]:
    """Compares the events with the checkpoints of the bundle, and with those that somebody kept."""
    heads = [json.loads(line) for line in (folder / "checkpoints.ndjson").read_text().splitlines()]
    sealed = [leaf for head in heads for leaf in re.findall(b".{32}", b64decode(head["leaves"]), re.DOTALL)]
    notes = {f"the checkpoint of {head['size']} events": head["note"] for head in heads} | {str(path): path.read_text() for path in kept}
    signed: dict[str, tuple[int, bytes]] = {}
    for name, note in notes.items():
        try:
            signed[name] = key.open(note)
        except ValueError as fault:
            yield f"{name}: {fault}"
    by_seals, by_events = (roots(each, {size for size, _ in signed.values()}) for each in (sealed, leaves))
    for name, (size, root) in signed.items():
        if size > len(leaves):
            yield f"{name} was signed for {size} events, and there are {len(leaves)}: the end is cut off"
        elif by_events.get(size) != root:
            yield f"{name} has another root than the first {size} events: they are not what was signed"
        if name not in map(str, kept) and by_seals.get(size) != root:
            yield f"{name} has another root than the leaves that are kept with it: they prove nothing"
    yield from compared(sealed, leaves)


def wrong_with_figures(folder: Path, events: list[Json]) -> Iterator[str]:
    for quarter, places in json.loads((folder / "figures.json").read_text()).items():
        fold = Fold(events, quarter)
        for territory, told in places.items():
            for name, cell in fold.figures(territory).items():
                if told[name] != cell:
                    yield f"{name} of {territory} in {quarter} is told as {told[name]}, and the events give {cell}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--key")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[])
    args = parser.parse_args()
    try:
        key = Key(args.key or (args.folder / "key.txt").read_text())
        lines = (args.folder / "events.ndjson").read_bytes().removesuffix(b"\n").split(b"\n")
        leaves = [sha256(b"\0" + line).digest() for line in lines]
        wrong = [*wrong_with_seals(args.folder, leaves, key, args.checkpoint)]
    except (OSError, ValueError, KeyError) as fault:
        print(f"the bundle cannot be read: {fault!r}", file=sys.stderr)
        return 2
    try:
        events = [json.loads(line) for line in lines]
        wrong += [*chained(events), *wrong_with_figures(args.folder, events)]
    except (OSError, ValueError, LookupError, TypeError) as fault:
        wrong.append(f"an event or a figure cannot be read: {fault!r}")
    print("\n".join([*wrong, f"{len(lines)} events, key {key.name}+{key.id}: {len(wrong) or 'nothing'} wrong"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
