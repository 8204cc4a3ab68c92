"""The bench works: its figures are for people, and no test depends on one."""

import re
import subprocess
import sys

import pytest

from tests.bench.__main__ import PARTS, arguments
from tests.bench.measuring import Pace, in_turn
from tests.bench.table import OURS, PEER, Aim, Line, Table, cut
from tests.forks import ROOT
from tests.servers import GivenPostgres

STORES = ("sqlite", "postgres")
WORKS = {
    "append, 1 writer",
    "append, 8 writers",
    "append, 32 writers",
    "append, 4 processes × 2 writers",
    "append, batches of 100",
    "500 appends of 1 in a call",
    "load of a stream of 20",
}


def benched(postgres: GivenPostgres, *words: str) -> str:
    command = [sys.executable, "-m", "tests.bench", *words, "--tiny", "--markdown", "--postgres", postgres.dsn]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_store_is_measured_beside_a_floor_and_the_peer(postgres_server: GivenPostgres) -> None:
    output = benched(postgres_server, "store")
    rows = [[cell.strip() for cell in row.split("|")[1:4]] for row in output.splitlines() if row.startswith("|")][2:]
    for store in STORES:
        assert {work for of, work, _ in rows if of == store} == WORKS
        for work in WORKS:
            beside = [name for of, what, name in rows if (of, what) == (store, work)]
            assert any(name.startswith(PEER) for name in beside)
            assert any(not name.startswith(PEER) for name in beside)


def test_many_commands_at_once_are_measured_beside_bare_appends(postgres_server: GivenPostgres) -> None:
    output = benched(postgres_server, "bulk")
    for work in ("lines to one service", "lines to two services in turns", "load, with its policies"):
        assert re.search(rf"^{work} +[\d,]+ (lines|events)/s +bare batch append +[\d,]+ events/s +ratio \d", output, re.MULTILINE), work


@pytest.mark.long
def test_commands_are_measured_beside_an_echo_and_a_bare_insert(postgres_server: GivenPostgres) -> None:
    output = benched(postgres_server, "commands")
    for work in ("commands, 1 callers", "commands, 16 callers", "commands, 64 callers"):
        beside = r"bare echo +[\d,]+/s, ratio [\d.]+ +FastAPI insert +[\d,]+/s, ratio [\d.]+$"
        assert re.search(rf"^{work} +[\d,]+/s +{beside}", output, re.MULTILINE), work
    for work in ("lines to one service", "lines to two services in turns"):
        assert re.search(rf"^{work} +[\d,]+/s +FastAPI insert", output, re.MULTILINE), work
    for followers in (1, 5):
        assert re.search(rf"^accepted to heard, +{followers} followers +p50 .* p99 .* bare echo .* FastAPI insert", output, re.MULTILINE)


def test_the_http_server_is_measured_beside_bare_ones(postgres_server: GivenPostgres) -> None:
    output = benched(postgres_server, "servers")
    assert re.search(r"^small answers, +1 callers +[\d,]+/s +bare eventlet .* ratio .* bare uvicorn .* ratio", output, re.MULTILINE)
    for name in ("gateway", "eventlet", "uvicorn"):
        assert re.search(rf"^ +5 idle followers, {name} .* KB each", output, re.MULTILINE), name


@pytest.mark.long
def test_waiting_readers_are_measured_beside_a_notice(postgres_server: GivenPostgres) -> None:
    output = benched(postgres_server, "waking")
    for work in ("append, 1 writer, 6 readers wait", "append, 8 writers, 6 readers wait", "append, answered by another process"):
        for store in STORES:
            assert re.search(rf"^{store} +{work}", output, re.MULTILINE), (store, work)
        assert re.search(rf"^postgres +{work} .*NOTIFY", output, re.MULTILINE), work


@pytest.mark.long
def test_replays_growth_and_the_simulated_server_are_measured(postgres_server: GivenPostgres) -> None:
    output = benched(postgres_server, "replay", "growth", "kurrent")
    for store in STORES:
        for work in (
            "read and decode",
            "light fold",
            "replay, every figure",
            "replay, one town",
            "rebuild",
            "append of 1,",
            "load of a life",
        ):
            assert re.search(rf"^{store} +{work}", output, re.MULTILINE), (store, work)
    kurrent = [line for line in output.splitlines() if line.startswith("kurrent")]
    assert kurrent
    assert all(line.endswith("simulated: the wire, no durability") for line in kurrent)
    assert "| kurrent" not in output  # no figure of a server that is none


def test_sealing_is_measured_beside_bare_hashing(postgres_server: GivenPostgres) -> None:
    output = benched(postgres_server, "sealing")
    for store in STORES:
        for work in ("tree in memory", "leaves and signatures", "verification"):
            assert re.search(rf"^{store} +{work} of .* bare SHA-256 ", output, re.MULTILINE), (store, work)


def test_every_part_is_measured_when_none_is_named() -> None:
    assert arguments([]).parts == list(PARTS)
    assert arguments(["store"]).parts == ["store"]


def test_sides_take_turns_and_the_warm_rounds_are_not_counted() -> None:
    turns: list[str] = []

    def side(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    pace = Pace(rounds=2, warm=1)
    rates = in_turn({"one": lambda: side("one"), "two": lambda: side("two")}, pace)
    assert turns == ["one", "two", "two", "one", "one", "two"]
    assert rates == {"one": [4.0, 5.0], "two": [3.0, 6.0]}


def test_a_ratio_is_cut_and_never_rounded_up_to_its_aim(capsys: pytest.CaptureFixture[str]) -> None:
    assert cut(0.7999) == "0.799"
    table = Table()
    table.add(Line("postgres", "append", {OURS: [79.99], "floor": [100.0]}, (Aim("floor", 0.8),)))
    table.add(Line("postgres", "append", {OURS: [80.0], "floor": [100.0]}, (Aim("floor", 0.8),)))
    table.conclude()
    assert "1 aims of 2 met.\npostgres, append, beside floor: 0.799 ≥ 0.800 MISSED" in capsys.readouterr().out


def test_an_aim_about_the_peer_is_about_its_fastest_way() -> None:
    line = Line("postgres", "append", {OURS: [30.0], f"{PEER}, slow": [10.0], f"{PEER}, fast": [20.0]}, (Aim(PEER, 2.0),))
    assert line.aimed_at(line.aims[0]) == f"{PEER}, fast"


def test_what_is_published_holds_no_rate() -> None:
    table = Table()
    table.lines.append(Line("postgres", "append", {OURS: [79.0], "floor": [100.0]}))
    assert "/s" not in table.markdown()
    assert "/s" not in (ROOT / "docs" / "measured.md").read_text()
