"""The product's figures are those of the oracle: of the study and of generated histories, live and as of past positions."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial

import pytest

from demo.command_lines import CommandLine
from demo.generator import generate
from demo.study import study
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from tests.demo.history import load
from tests.oracle.comparison import Difference, differences

START, END = date(2022, 6, 1), date(2024, 6, 30)
HISTORIES: dict[str, Callable[[], Iterable[CommandLine]]] = {
    "study": lambda: study(1),
    **{f"generated-{seed}": partial(generate, 250, seed, START, END) for seed in (1, 2, 3)},
}
PAST = (0.2, 0.5, 0.8)  # of the log

# Where the product is wrong today, by the rules of the domain; each leaves this table when the product is corrected.
FAULTS = {
    "partner_answers": "a withdrawal after the end of a quarter takes the referral out of that quarter",
    "follow_up_m3": "a renewal that opened after a follow-up fell due cancels it",
    "follow_up_m3_in_outcome": "the same",
    "follow_up_m6": "the same",
    "follow_up_m6_in_outcome": "the same",
    "dynamic_rate": "the numerator counts where the exit was, the denominator where the journey opened",
    "positive_rate": "the same",
    "positive_target": "the same",
    "progress_rate": "the same",
}


@pytest.fixture(scope="module", params=HISTORIES)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Difference]:
    """The cells that differ, live and as of past positions."""
    folder = tmp_path_factory.mktemp(request.param)
    assert load(folder, HISTORIES[request.param]()).refused == []
    components = Components(read_settings(folder, environ={}))
    components.reports.rebuild(components.store)
    past = [int(components.store.head() * share) for share in PAST]
    replayed = [difference for position in past for difference in differences(components, components.replayed(position), as_of=position)]
    return [*differences(components, components.reports), *replayed]


def test_the_figures_are_those_of_the_oracle_beside_the_known_faults(found: list[Difference]) -> None:
    assert [difference for difference in found if difference.indicator not in FAULTS] == []


@pytest.mark.xfail(strict=True, reason="; ".join(sorted({cause for cause in FAULTS.values() if cause != "the same"})))
def test_the_figures_are_those_of_the_oracle(found: list[Difference]) -> None:
    assert found == []
