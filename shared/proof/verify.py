"""Verifies a bundle of Parcours, trusting nobody: it needs Python 3.11 and the package `cryptography`, and nothing of Parcours.

    python verify.py [FOLDER] [--key KEY] [--checkpoint FILE]... [--witness KEY]...

KEY is the text of a key, given to you by other means; FILE a checkpoint that you have kept, and that each witness must have cosigned.
Computed again: leaves, roots (RFC 6962), checkpoints (C2SP), positions, versions, figures. Exit codes: 0 all is well, 1 is not, 2 misuse.
"""

import argparse
import json
import re
import sys
from base64 import b64decode, b64encode
from bisect import bisect
from collections import deque
from collections.abc import Iterator
from datetime import date, timedelta
from functools import reduce
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
            found[size] = reduce(lambda above, left: sha256(b"\1" + left + above).digest(), reversed(stack))
    return found


def opened(note: str, key: str) -> tuple[int, bytes]:
    """The size and the root of a checkpoint that this key has signed, or cosigned. Raises ValueError."""
    own, id, encoded = key.split("+", 2)  # as golang.org/x/mod/sumdb/note writes it
    public = b64decode(encoded, validate=True)
    if sha256(own.encode() + b"\n" + public).digest()[:4].hex() != id or public[:1] not in (b"\1", b"\4") or len(public) != 33:
        raise ValueError("no Ed25519 key")
    text, separator, signatures = note.rpartition("\n\n")
    lines = [re.fullmatch(r"— (\S+) ([A-Za-z0-9+/]+={0,2})", line) for line in signatures.removesuffix("\n").split("\n")]
    if not separator or not signatures.endswith("\n") or not all(lines) or re.search(r"[\0-\x09\x0b-\x1f]", text):
        raise ValueError("no signed note")
    found = [b64decode(line[2]) for line in lines if line and line[1] == own and b64decode(line[2])[:4].hex() == id]
    if not found:
        raise ValueError(f"it is not signed by {own}+{id}")
    for signature in found:
        when = f"cosignature/v1\ntime {int.from_bytes(signature[4:12])}\n" if public[:1] == b"\4" else ""
        try:
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[12 if when else 4 :], f"{when}{text}\n".encode())
        except InvalidSignature:
            raise ValueError(f"the signature by {own}+{id} is forged") from None
    origin, size, root = [*text.split("\n"), "", ""][:3]
    if (origin != own and not when) or not re.fullmatch("0|[1-9][0-9]{0,18}", size) or b64encode(b64decode(root)).decode() != root:
        raise ValueError("no checkpoint of this log")
    return int(size), b64decode(root)


def compared(sealed: list[bytes], found: list[bytes]) -> Iterator[str]:
    """What happened to which event. What was not sealed may only follow what was."""
    place = {leaf: number for number, leaf in enumerate(sealed, 1)}
    known, new = list[tuple[int, int]](), dict[int, deque[int]]()  # numbers sealed and found; new ones by the known ones before them
    for number, leaf in enumerate(found, 1):
        if (at := place.pop(leaf, None)) is None:
            new.setdefault(len(known), deque()).append(number)
        else:
            known.append((at, number))
    order, gone = sorted(at for at, _ in known), list[int]()
    for at in sorted(place.values()):
        if beside := new.get(bisect(order, at)):
            beside.popleft()
            yield f"event number {at} was changed: it is not the one that was sealed"
        else:
            gone.append(at)
    yield from (f"event number {at} is missing" for at in gone[:20])
    if gone and (not order or gone[-1] > order[-1]):
        yield f"the end is cut off: {len(sealed)} events were sealed, {len(gone)} of them are missing"
    yield from (f"event number {number} of the file was added" for at, each in new.items() if at < len(known) for number in each)
    moved = (pair for pair, expected in zip(known, order, strict=True) if pair[0] != expected)
    yield from (f"event number {at} was moved: it stands as number {number} of the file" for at, number in moved)


def chained(events: list[Json]) -> Iterator[str]:  # positions that follow each other, versions of each stream without holes
    previous, versions = 0, dict[str, int]()
    for number, event in enumerate(events, 1):
        if event["previous"] != previous or event["position"] <= previous:
            yield f"event number {number}, position {event['position']}, follows {event['previous']}, and position {previous} is before it"
        version = versions.get(event["subject"], 0)
        if event["streamversion"] != version + 1:
            yield f"event number {number}: version {event['streamversion']} of {event['subject']} follows version {version}"
        previous, versions[event["subject"]] = event["position"], event["streamversion"]


QUALITIES = {"BusinessCreated": "CREATION", "SchoolResumed": "SCOLARITE", "CivicServiceStarted": "SERVICE_CIVIQUE"}
QUALITIES |= {"IntensiveSchemeEntered": "DISPOSITIF_INTENSIF"}
STAGES = {"SENT": "ReferralSent", "ACCEPTED": "ReferralAccepted", "COMPLETED": "ReferralCompleted"}


class Fold:
    """The headline figures at the end of a quarter: facts count on their day, `on`; a person counts where the first fact of them is."""

    def __init__(self, events: list[Json], quarter: str) -> None:
        year, number = int(quarter[:4]), int(quarter[-1])
        self.last = (date(year + number // 4, number % 4 * 3 + 1, 1) - timedelta(days=1)).isoformat()  # as days are written in events
        told = [{"name": event["type"].rpartition(".")[2], "at": event["position"], "in": event["territory"]} for event in events]
        named = [event["data"] | more for event, more in zip(events, told, strict=True)]
        aside = set[int]()
        for fact in reversed(named):  # from the last one: a setting aside may be set aside
            if fact["name"] == "FactSetAside" and fact["at"] not in aside:
                aside.add(fact["position"])
        self.facts = [fact for fact in named if fact["at"] not in aside]
        published = self.named("DefinitionsPublished")
        self.rules = ([each for each in published if (each.get("from_quarter") or "") <= quarter] or published[:1])[-1]
        joined = {fact["merged"]: fact for fact in self.named("PersonsMerged", "PersonsSeparated")}
        self.kept = {merged: str(fact["kept"]) for merged, fact in joined.items() if fact["name"] == "PersonsMerged"}

    def named(self, *names: str) -> list[Json]:
        return [fact for fact in self.facts if fact["name"] in names]

    def until(self, *names: str) -> list[Json]:
        return sorted((fact for fact in self.named(*names) if fact["on"] <= self.last), key=lambda fact: (fact["on"], fact["at"]))

    def person(self, fact: Json) -> str:  # merged records are one person
        record = str(fact["person"])
        return self.person({"person": self.kept[record]}) if record in self.kept else record

    def where(self, facts: list[Json]) -> dict[str, str]:  # each person, with the territory of the first of these facts
        return {self.person(fact): fact["in"] for fact in reversed(facts)}

    def exits(self) -> list[Json]:
        stated: dict[tuple[str, int], Json] = {}
        for fact in self.named("JourneyExited", "ExitCorrected", "ExitNeutralised", "NeutralisationLifted"):
            key = (fact["person"], fact["rank"])
            if fact["name"] == "JourneyExited":
                stated[key] = fact | {"neutral": False}
            elif key in stated:
                stated[key] |= fact if fact["name"] == "ExitCorrected" else {"neutral": fact["name"] == "ExitNeutralised"}
        return [exit for exit in stated.values() if exit["exit_on"] <= self.last]

    def is_positive(self, outcome: Json) -> bool:
        training = f"FORMATION_{outcome['kind']}" if outcome["name"] == "TrainingEntered" else ""
        quality, classes = QUALITIES.get(outcome["name"]) or training or outcome["contract"], self.rules["outcome_classes"]
        steps = [(int(key.partition(">=")[2]), of) for key, of in classes.items() if key.startswith(f"{quality}>=")]
        reached = [step for step in steps if step[0] <= (outcome.get("months") or 0)]  # the longest that is reached decides
        return bool((max(reached)[1] if reached else classes.get(quality)) == "POSITIVE")

    def with_positive_exit(self, exits: list[Json]) -> set[str]:
        outcomes, people = dict[str, Json](), set[str]()
        for fact in self.named("JobFound", "TrainingEntered", *QUALITIES):
            if fact["on"] <= self.last:
                outcomes.setdefault(fact["person"], {})[fact["outcome"]] = fact  # a later statement replaces an earlier one
        for exit in exits:
            limit = date.fromisoformat(exit["exit_on"]) + timedelta(days=self.rules["thresholds"].get("outcome_days", 213))
            for each in outcomes.get(exit["person"], {}).values():
                after = each["rank"] == exit["rank"] and each["on"] > exit["exit_on"]
                if (after or each["outcome"] in exit["outcomes"]) and each["on"] <= limit.isoformat() and self.is_positive(each):
                    people.add(self.person(exit))
        return people

    def figures(self, territory: str) -> Json:
        met, opened, exits = self.where(self.until("PersonIdentified")), self.until("JourneyOpened"), self.exits()
        withdrawn = {(fact["person"], fact["referral"]) for fact in self.until("ReferralWithdrawn")}
        reached = self.until(STAGES[self.rules["counted_stages"].get("redirection", "SENT")])
        redirected = {self.person(fact) for fact in reached if (fact["person"], fact["referral"]) not in withdrawn}
        neutral = {(exit["person"], exit["rank"]) for exit in exits if exit["neutral"]}
        coached = {self.person(fact) for fact in opened if (fact["person"], fact["rank"]) not in neutral}
        positive = self.with_positive_exit([exit for exit in exits if not exit["neutral"]])
        here = {person for person, place in met.items() if territory in ("all", place)}
        cohort = {person for person, place in self.where(opened).items() if person in coached and territory in ("all", place)}
        return {
            "people_met": {"value": len(here)},
            "redirection_rate": self.rate(len(here & redirected), len(here)),
            "positive_rate": self.rate(len(cohort & positive), len(cohort)),
        }

    def rate(self, part: int, whole: int) -> Json:
        return {"numerator": part, "denominator": whole, "percent": (200 * part + whole) // (2 * whole) if whole else None}


def wrong_with_seals(folder: Path, leaves: list[bytes], keys: list[str], kept: list[Path]) -> Iterator[str]:
    heads = [json.loads(line) for line in (folder / "checkpoints.ndjson").read_bytes().decode().splitlines()]
    sealed = [leaf for head in heads for leaf in re.findall(b".{32}", b64decode(head["leaves"]), re.DOTALL)]
    notes = {f"the checkpoint of {head['size']} events": head["note"] for head in heads}
    notes |= {str(path): path.read_bytes().decode() for path in kept}
    signed: dict[str, tuple[int, bytes]] = {}
    for name, note in notes.items():
        try:
            signed[name], *_ = [opened(note, each) for each in (keys if name in map(str, kept) else keys[:1])]
        except ValueError as fault:
            yield f"{name}: {fault}"
    covered = max((size for name, (size, _) in signed.items() if name not in map(str, kept)), default=0)
    print(f"{len(leaves)} events, of which {covered} are sealed, by {keys[0]}; nothing proves those after them")
    yield from ["no checkpoint of the bundle is in order: nothing proves its events"] * bool(leaves and not covered)
    by_seals, by_events = (roots(each, {size for size, _ in signed.values()}) for each in (sealed, leaves))
    for name, (size, root) in signed.items():
        if size > len(leaves):
            yield f"{name} was signed for {size} events, and there are {len(leaves)}: the end is cut off"
        elif by_events.get(size) != root:
            yield f"{name} has another root than the first {size} events: they are not what was signed"
        if name not in map(str, kept) and by_seals.get(size) != root:
            yield f"{name} has another root than the leaves that are kept with it: they prove nothing"
    yield from compared(sealed, leaves)


def findings(folder: Path, keys: list[str], kept: list[Path]) -> Iterator[str]:
    lines = [line for line in (folder / "events.ndjson").read_bytes().split(b"\n") if line]
    yield from wrong_with_seals(folder, [sha256(b"\0" + line).digest() for line in lines], keys, kept)
    events = [json.loads(line) for line in lines]
    yield from chained(events)
    figures = json.loads((folder / "figures.json").read_bytes())
    print(f"{sum(map(len, figures.values()))} times the headline figures are told, and are counted again")
    yield from ["no figures are told"] * (not figures and any(event["type"].endswith("PersonIdentified") for event in events))
    for quarter, told in figures.items():
        fold = Fold(events, quarter)
        for place, cells in told.items():
            if (counted := fold.figures(place)) != cells:
                yield f"the figures of {place}, {quarter}: told are {cells}, and the events give {counted}"


def main(most: int = 100) -> int:  # findings that are told; the others are counted
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    parser.add_argument("--key")
    parser.add_argument("--checkpoint", type=Path, action="append", default=[])
    parser.add_argument("--witness", action="append", default=[])
    args, wrong = parser.parse_args(), 0
    try:
        key = (args.key or (args.folder / "key.txt").read_bytes().decode()).strip()
        for finding in findings(args.folder, [key, *args.witness], args.checkpoint):
            if (wrong := wrong + 1) <= most:
                print(finding)
    except OSError as fault:
        parser.error(str(fault))
    except (ValueError, LookupError, TypeError) as fault:
        wrong, most = wrong + 1, most + 1
        print(f"the bundle cannot be read: {fault!r}")
    print(*[f"… and {wrong - most} more"] * (wrong > most), f"{wrong or 'nothing'} wrong", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
