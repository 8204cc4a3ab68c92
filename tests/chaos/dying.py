"""A `parcours` command that kills itself with SIGKILL at a chosen call, so that it dies between two known lines of code.

    python -m tests.chaos.dying MODULE:NAME before|after COUNT service relay --data DIR …

The process dies at call number COUNT of NAME (a function, or Class.method), before the call or after it has returned. With NAME?ARGUMENT,
only calls of a method count that have this first argument.
"""

import importlib
import itertools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from services.cli import main, serve


def dying_at(call: Callable[..., Any], when: str, count: int, argument: str) -> Callable[..., Any]:
    numbers = itertools.count(1)

    def dying(*args: Any, **kwargs: Any) -> Any:
        if argument and argument not in args[1:2]:
            return call(*args, **kwargs)
        number = next(numbers)  # calls may run at the same time: each keeps its own number
        if number == count and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*args, **kwargs)
        if number == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return dying


def arm(target: str, when: str, count: int) -> None:
    module, _, name = target.partition(":")
    name, _, argument = name.partition("?")
    holder: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        holder = getattr(holder, part)
    setattr(holder, last, dying_at(getattr(holder, last), when, count, argument))


if __name__ == "__main__":
    assert serve.__name__  # its import patches the process first, as the command itself would
    arm(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    sys.exit(main.main(sys.argv[4:]))
