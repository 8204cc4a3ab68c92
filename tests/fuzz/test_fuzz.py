"""The fuzzer itself, for a minute."""

from tests.fuzz.__main__ import END, main
from tests.fuzz.random_commands import COMMANDS, RandomCommands

TERRITORIES = ("alencon", "flers")


def test_the_same_seed_gives_the_same_commands_of_every_type_by_every_role() -> None:
    once, twice = (list(RandomCommands(5, TERRITORIES, 6_000, END)) for _ in range(2))
    assert once == twice
    assert {line["type"] for line in once if isinstance(line["type"], str)} >= COMMANDS.keys()
    assert len({line["actor"]["role"] for line in once if isinstance(line["actor"], dict) and line["actor"]}) == 11


def test_random_commands_leave_a_product_that_is_well_and_counts_right() -> None:
    assert main(["--commands", "600", "--seed", "1", "--minutes", "2"]) == 0
