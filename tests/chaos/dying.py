"""A process that kills itself with SIGKILL at a chosen call of MODULE:NAME, so that it dies between two known lines of code.

The process dies before call number COUNT of NAME (a function, or Class.method), or after the one that returns as number COUNT. A call that
raises is none of those that return: were it counted as one, the process would never die when its COUNT-th call fails, and a service that
starts while others are dead has calls that fail. With NAME?ARGUMENT, only calls of a method count that have this first argument.
"""

import importlib
import itertools
import os
import signal
from collections.abc import Callable
from typing import Any


def dying_at(call: Callable[..., Any], when: str, count: int, argument: str) -> Callable[..., Any]:
    numbers = itertools.count(1)  # of calls that are made, or that have returned: they may run at the same time

    def dying(*args: Any, **kwargs: Any) -> Any:
        if argument and argument not in args[1:2]:
            return call(*args, **kwargs)
        if when == "before" and next(numbers) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*args, **kwargs)
        if when == "after" and next(numbers) == count:
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
