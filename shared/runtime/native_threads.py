"""The one bridge between green threads and blocking code.

nameko runs on eventlet, which replaces the blocking parts of Python's library by green ones. Drivers that block in C (psycopg,
sqlite3, grpc) and locks shared by native threads do not survive that: a lock wait freezes every green thread, and gRPC hangs. So
what blocks is imported with the modules as Python made them, and called in native threads while the hub goes on:

    eventlet.monkey_patch()
    import_native("services.bootstrap.composition")        # and all that it imports in turn
    native(store.append, events)                 # the caller waits, the others do not

In a process that was never patched both do the plain thing, so that code written for one runs in the other.
"""

import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

import eventlet.patcher
import eventlet.tpool

P = ParamSpec("P")
T = TypeVar("T")

PRIMITIVES = ("_thread", "threading", "queue", "time", "select", "socket")  # replaced in place by eventlet: fresh copies are needed
BUILT_ON_THEM = ("selectors", "ssl", "concurrent")  # imported once more, on top of the copies
THREADS = int(os.environ.get("EVENTLET_THREADPOOL_SIZE", "48"))  # a few wait for the log all the time, the others work

originals: dict[str, ModuleType] = {}
importing: list[str] = []


def patched() -> bool:
    return bool(eventlet.patcher.is_monkey_patched("thread"))


def import_native(*names: str) -> None:
    """Import modules, and all that they import, with the library as Python made it. Nobody may have imported them before."""
    early = [name for name in names if name in sys.modules]
    if early:
        raise ImportError(f"already imported, with green modules perhaps: {', '.join(early)}")
    if not patched():
        for name in names:
            importlib.import_module(name)
        return
    eventlet.tpool.set_num_threads(THREADS)
    with as_python_made_it():
        importing.extend(names)
        try:
            for name in names:
                importlib.import_module(name)
        finally:
            importing.clear()
    log_from_any_thread()


def green_only(name: str) -> None:
    """Said by a module whose waits must be green: what is imported natively would freeze the hub by using it."""
    if importing:
        raise ImportError(f"{name} waits on green threads: import it after import_native({', '.join(importing)})")


@contextmanager
def as_python_made_it() -> Iterator[None]:
    green = {name: module for name, module in sys.modules.items() if swapped(name)}
    if not originals:
        originals.update({name: eventlet.patcher.original(name) for name in PRIMITIVES})
    for name in green:
        del sys.modules[name]
    sys.modules.update(originals)
    try:
        yield
    finally:
        made = {name: module for name, module in sys.modules.items() if swapped(name)}
        originals.update(made)
        for name in made:
            del sys.modules[name]
        sys.modules.update(green)


def swapped(name: str) -> bool:
    return name in PRIMITIVES or name.partition(".")[0] in BUILT_ON_THEM


def log_from_any_thread() -> None:
    """Logging was imported before the patch and its locks became green: a native thread that meets a taken one would never wake.

    Real locks are safe on both sides, because no green thread gives way between taking and releasing them.
    """
    threading: Any = originals["threading"]
    logging.threading = threading  # type: ignore[attr-defined]
    logging._lock = threading.RLock()  # type: ignore[attr-defined]
    for reference in logging._handlerList:  # type: ignore[attr-defined]
        handler = reference()
        if handler is not None:
            handler.createLock()


def native(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `fn` in a native thread and wait for it, green. From a native thread, or unpatched, it is a plain call."""
    if not patched():
        return fn(*args, **kwargs)
    answer: T = eventlet.tpool.execute(fn, *args, **kwargs)
    return answer


@contextmanager
def native_context(context: AbstractContextManager[T]) -> Iterator[T]:
    """A blocking context manager, entered and left in native threads."""
    entered = native(context.__enter__)
    try:
        yield entered
    except BaseException as fault:
        if not native(context.__exit__, type(fault), fault, fault.__traceback__):
            raise
    else:
        native(context.__exit__, None, None, None)


class InNativeThread:
    """An object whose methods are all called through the bridge. It is looked up when it is used, never before."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self._find = find

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            return native(getattr(self._find(), name), *args, **kwargs)

        return call
