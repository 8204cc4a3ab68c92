"""Any command of coaching, with few values, so that commands often concern the same things."""

from datetime import timedelta
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from services.coaching.coded_values import Constraint, CorrectionReason
from services.vocabulary.thematiques import LABELS
from tests.harness.aggregate_machine import FIRST_DAY

ONE_OF = st.sampled_from
DAYS = st.integers(0, 340).map(lambda days: FIRST_DAY + timedelta(days=days))  # crosses the ends of months, February included
VALUES: dict[str, SearchStrategy[Any]] = {
    "on": DAYS,
    "exit_on": DAYS,
    "until": DAYS,
    "held_on": DAYS,
    "person": ONE_OF(["p-1", "p-2", "p-3"]),
    "territory": ONE_OF(["alencon", "alencon", "alencon", "flers"]),
    "to_territory": ONE_OF(["alencon", "flers"]),
    "thematique": ONE_OF(sorted(LABELS)[:2]),
    "outcome": ONE_OF(["a", "b", "c"]),
    "outcomes": st.lists(ONE_OF(["a", "b"]), max_size=2),
    "capacity": st.integers(1, 2),
    "rank": ONE_OF([1, 1, 2]),
    "why": ONE_OF(list(CorrectionReason)),
    "referent": ONE_OF(["coach-1", "coach-2"]),
    "constraints": st.dictionaries(ONE_OF(sorted(LABELS)[:3]), ONE_OF([Constraint.OUI, Constraint.CLOTUREE]), max_size=2),
}


def any_of(commands: Any, **fixed: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Commands of every type of a union."""
    types = get_args(commands) or (commands,)
    return st.one_of([st.builds(each, **values_of(each, VALUES | fixed)) for each in types])


def values_of(command: type[Any], values: dict[str, SearchStrategy[Any]]) -> dict[str, SearchStrategy[Any]]:
    """A value for each field that has one here; a field that may be left out often is."""
    known = {field.name: field.required for field in msgspec.structs.fields(command) if field.name in values}
    return {name: values[name] if required else st.none() | values[name] for name, required in known.items()}
