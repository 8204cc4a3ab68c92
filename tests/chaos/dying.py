"""A `parcours` command that dies by SIGKILL at a chosen call, so that a kill falls between two lines and not somewhere.

    python -m tests.chaos.dying MODULE:NAME before|after COUNT service relay --data DIR …

At the call number COUNT of NAME (a function, or Class.method) the process kills itself, before the call or after it has returned.
With NAME?WORD only those calls of a method count whose first argument is the word.
"""

import importlib
import itertools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from services.cli import main, serve


def deadly(call: Callable[..., Any], when: str, count: int, word: str) -> Callable[..., Any]:
    numbers = itertools.count(1)

    def dying(*args: Any, **kwargs: Any) -> Any:
        if word and word not in args[1:2]:
            return call(*args, **kwargs)
        number = next(numbers)  # calls run side by side: each keeps its own number
        if number == count and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = call(*args, **kwargs)
        if number == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    return dying


def arm(place: str, when: str, count: int) -> None:
    module, _, name = place.partition(":")
    name, _, word = name.partition("?")
    holder: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        holder = getattr(holder, part)
    setattr(holder, last, deadly(getattr(holder, last), when, count, word))


if __name__ == "__main__":
    assert serve.__name__  # its import patches the process first, as the command itself would
    arm(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    sys.exit(main.main(sys.argv[4:]))
