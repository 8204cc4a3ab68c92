"""What a process logs, line by line: as JSON or for people, with what is known of the work under way, and never a secret."""

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.contextvars import bound_contextvars, clear_contextvars

from services.bootstrap.log_settings import LogSettings
from services.bootstrap.logs import formatter
from services.bootstrap.settings import read_settings
from shared.errors import Misconfigured
from tests.architecture.source import ROOT

SECRET, PERSON = 'ses"ame\\é', "jean-martin"
GREEN = """
import eventlet
eventlet.monkey_patch()
from shared.runtime.native_threads import import_native, native
import_native("structlog.contextvars")
from structlog.contextvars import bound_contextvars, clear_contextvars, get_contextvars

def work(number):
    with bound_contextvars(command_id=number):
        eventlet.sleep(0.01)
        there = native(get_contextvars)
        eventlet.sleep(0.01)
        return there, get_contextvars()

threads = [eventlet.spawn(work, number) for number in range(20)]
assert [thread.wait() for thread in threads] == [({"command_id": n}, {"command_id": n}) for n in range(20)]
assert native(get_contextvars) == get_contextvars() == {}
print("each has its own")
"""


@pytest.fixture(autouse=True)
def no_work_of_another_test() -> None:
    clear_contextvars()


def record(text: str, *args: object, failed: bool = False) -> logging.LogRecord:
    return logging.LogRecord("shared.bus.relay", logging.WARNING, __file__, 1, text, args, failure() if failed else None)


def failure() -> Any:
    person = PERSON  # a variable of the frame that fails
    try:
        raise ValueError(f"{len(person)} {SECRET}")
    except ValueError:
        return sys.exc_info()


def as_json(written: logging.LogRecord) -> dict[str, Any]:
    line = formatter("json", "relay", [SECRET]).format(written)
    assert "\n" not in line
    found: dict[str, Any] = msgspec.json.decode(line)
    return found


def test_a_line_of_json_says_what_happened_where_and_in_which_work() -> None:
    with bound_contextvars(command_id="c-1", causation_id="e-1", correlation_id="c-0", position=7):
        line = as_json(record("the %s waits", "relay"))
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "the relay waits",
        "level": "warning",
        "logger": "shared.bus.relay",
        "service": "relay",
        "command_id": "c-1",
        "causation_id": "e-1",
        "correlation_id": "c-0",
        "position": 7,
    }
    assert "command_id" not in as_json(record("later"))


def test_a_line_for_people_has_the_same_words() -> None:
    with bound_contextvars(command_id="c-1"):
        line = formatter("console", "relay").format(record("the %s waits", "relay"))
    assert line.partition(" ")[2] == "WARNING shared.bus.relay: the relay waits command_id=c-1"


def test_no_secret_and_no_variable_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A password with characters that JSON writes otherwise would pass a stream that looks for it."""
    line = as_json(record("refused: %s", SECRET, failed=True))
    assert line["event"] == "refused: ***"
    assert "ValueError: 11 ***" in line["exception"]
    assert PERSON not in str(line)


def test_each_green_thread_has_its_own_context_and_hands_it_to_native_threads() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", GREEN], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "each has its own\n", done.stderr


def test_levels_are_those_of_all_and_of_some(tmp_path: Path) -> None:
    assert read_settings(tmp_path, environ={}).logs == LogSettings()
    given = {"PARCOURS_LOG_LEVEL": "error,shared.bus=info,nameko=debug", "PARCOURS_LOG_FORMAT": "json"}
    found = read_settings(tmp_path, environ=given).logs
    assert found == LogSettings("json", logging.ERROR, {"shared.bus": logging.INFO, "nameko": logging.DEBUG})
    assert read_settings(tmp_path, environ={"PARCOURS_LOG_LEVEL": "shared=info"}).logs.level == logging.WARNING


@pytest.mark.parametrize("odd", ["", "WARNING", "loud", "warning;error", "=info", "A B=info", "shared=", "info,shared.=info"])
def test_a_level_that_means_nothing_is_refused(tmp_path: Path, odd: str) -> None:
    with pytest.raises(Misconfigured, match="PARCOURS_LOG_LEVEL"):
        read_settings(tmp_path, environ={"PARCOURS_LOG_LEVEL": odd})
