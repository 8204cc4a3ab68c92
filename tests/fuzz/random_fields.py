"""A random value for each field of a command, by its name where the name says what it refers to, else by its declared type."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
from msgspec import inspect

import deploy
from services.vocabulary.calendar import quarter_of
from shared.command_fields import MARK

THEMATIQUES = ("mobilite--preparer-un-permis", "famille--garde-denfants", "sante--acces-aux-soins")
COACHES = ("coach-1", "coach-2", "coach-3")
PARTNERS = ("ml", "greta")
SERVICES = ("accompagnement", "formation", "information")
QUARTERS = ("2022-Q4", "2023-Q2", "2024-Q1")
INDICATORS = ("positive_rate", "positive_target", "people_met")
JUNK: tuple[Any, ...] = (
    *(
        None,
        True,
        -1,
        0,
        10**25,
        1.5,
        [],
        {},
        [None],
        "",
        " ",
        "x" * 65,
        "x" * 5_000,
        "a/b",
        "é",
        "e\u0301",
        "\u202ea",
        "\u200b",
        "a\u00a0",
    ),
    *("0001-01-01", "1924-01-10", "9999-12-31", "2023-02-30", "20٢٤-Q1", "Alençon", "all", "*", "CDl", "%s", "<b>", "'; --"),
)
DEFINITIONS = msgspec.json.decode((Path(deploy.__file__).parent / "definitions" / "v1.json").read_bytes())
OPTIONAL_SHARE = 0.6  # of the fields that may be left out are given


def fields_of(command: type[Any]) -> Sequence[inspect.Field]:
    """The fields that a sender gives."""
    shape = inspect.type_info(command)
    assert isinstance(shape, inspect.StructType)
    return [field for field in shape.fields if not (isinstance(field.type, inspect.Metadata) and MARK in (field.type.extra or {}))]


class RandomFields:
    """Values around one person and one day. Ids are few, so that commands meet again what earlier ones made."""

    def __init__(self, rng: Random, territories: Sequence[str]) -> None:
        self.rng = rng
        self.territories = territories
        self.outcomes: dict[str, list[str]] = {}  # of each person, those that were accepted
        self.referrals: dict[str, list[str]] = {}

    def data(self, command: type[Any], person: str, other: str, day: date) -> dict[str, Any]:
        """Data that validation accepts; the rules of the aggregate may not."""
        if command.__name__ == "PublishDefinitions":
            return self.definitions(day)
        given = [field for field in fields_of(command) if field.required or self.rng.random() < OPTIONAL_SHARE]
        data = {field.encode_name: self.value(field.name, field.type, person, other, day) for field in given}
        if data.get("outcomes") and self.rng.random() < 0.9:
            data["reason"] = "OUTCOME"
        if command.__name__ == "SendReferral":
            data["referral"] = f"r{self.rng.randint(1, 6)}"
        return data

    def definitions(self, day: date) -> dict[str, Any]:
        """The first definitions with another version, stage, class or delay."""
        rng, changed = self.rng, deepcopy(DEFINITIONS)
        changed["version"] = rng.choice((1, 2, 2, 3, 4))
        if changed["version"] > 1:
            changed["from_quarter"] = quarter_of(day + timedelta(days=rng.choice((0, 90, 180))))
        changed["counted_stages"]["redirection"] = rng.choice(("SENT", "ACCEPTED", "COMPLETED"))
        changed["outcome_classes"][rng.choice(("SIAE", "CDD>=3", "SCOLARITE"))] = rng.choice(("POSITIVE", "DYNAMIC", "OTHER"))
        changed["thresholds"]["late_days"] = rng.choice((15, 30))
        return dict(changed)

    def value(self, name: str, kind: inspect.Type, person: str, other: str, day: date) -> Any:
        rng = self.rng
        match name:
            case _ if isinstance(kind, inspect.EnumType):
                return self.of_type(kind, day)
            case "person" | "kept":
                return person
            case "merged":
                return other
            case "outcome":
                return f"{person}-o{rng.randint(1, 6)}"
            case "outcomes":
                reached = self.outcomes.get(person, [])
                return rng.sample(reached, min(len(reached), rng.choice((0, 1, 1, 2))))
            case "referral":
                return rng.choice(self.referrals.get(person, ["r1"]))  # the same ids for every person
            case "orientation":
                return f"{person}-from-{rng.randint(1, 2)}"
            case "workshop" | "serial" | "token":
                return f"{name}-{rng.randint(1, 2)}-{day.year}-{(day.month + 2) // 3}"
            case "referent":
                return rng.choice(COACHES)
            case "partner":
                return rng.choice(PARTNERS)
            case "to_territory" | "of_territory" | "for_territory":
                return rng.choice(self.territories)
            case "quarter" | "from_quarter":
                return rng.choice(QUARTERS)
            case "indicator":
                return rng.choice(INDICATORS)
            case _:
                return self.of_vocabulary(name, kind, day)

    def of_vocabulary(self, name: str, kind: inspect.Type, day: date) -> Any:
        """The value of a field that names a thematique or a service of data·inclusion."""
        rng = self.rng
        match name:
            case "thematique":
                return rng.choice(THEMATIQUES)
            case "needs":
                return [rng.choice(THEMATIQUES)]
            case "services":
                return [rng.choice(SERVICES)]
            case "service":
                return rng.choice(SERVICES)
            case "constraints":
                return {rng.choice(THEMATIQUES): "OUI"}
            case _:
                return self.detail(name, kind, day)

    def detail(self, name: str, kind: inspect.Type, day: date) -> Any:
        """The value of a field that refers to nothing."""
        rng = self.rng
        match name:
            case "webhook":
                return f"w{rng.randint(1, 6)}"
            case "url":
                return f"https://192.0.2.{rng.randint(1, 9)}/hook"  # of documentation: nobody is there
            case "types":
                return rng.sample(("coaching", "intake.PersonIdentified", "reporting.FiguresChanged"), rng.randint(0, 2))
            case "territories":
                return rng.sample(self.territories, rng.randint(0, 2))
            case "rank":
                return rng.choice((1, 1, 1, 2, 2, 3))
            case "birth_year":
                return rng.randint(day.year - 60, day.year - 17)
            case "qpv":
                perseigne = {"vintage": 2015 if day.year < 2024 else 2024, "name": "Perseigne"}  # in one of the territories
                return rng.choice((None, None, None, perseigne, perseigne | {"code": None}))
            case "exit_on" | "held_on":
                return (day - timedelta(days=rng.choice((0, 0, 1, 20)))).isoformat()
            case _:
                return self.of_type(kind, day)

    def of_type(self, kind: inspect.Type, day: date) -> Any:
        rng = self.rng
        match kind:
            case inspect.Metadata(type=inner):
                return self.of_type(inner, day)
            case inspect.UnionType(types=types):
                return self.of_type(rng.choice(types), day)
            case inspect.NoneType():
                return None
            case inspect.BoolType():
                return rng.random() < 0.7
            case inspect.EnumType(cls=values):
                return rng.choice(list(values)).value
            case inspect.LiteralType(values=values):
                return rng.choice(values)
            case inspect.IntType(ge=least, le=most):
                return rng.choice((least or 0, (least or 0) + 1, min(8, most or 8), most if most is not None else 9))
            case inspect.DateType():
                return (day + timedelta(days=rng.randint(0, 90))).isoformat()
            case inspect.StrType(pattern=pattern):
                return "K1304" if pattern and "[A-Z]" in pattern else rng.choice(("texte", "autre-texte"))
            case inspect.ListType(item_type=item):
                return list(dict.fromkeys(self.of_type(item, day) for _ in range(rng.randint(0, 2))))
            case inspect.DictType():
                return {}
            case _:
                raise AssertionError(f"no value for {kind}")
