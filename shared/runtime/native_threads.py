"""The bridge between eventlet's green threads and blocking code.

How it works
------------
nameko runs on eventlet: many green threads share one native thread, and one of them runs at a time. `eventlet.monkey_patch()` replaces
the blocking parts of Python's standard library by versions that switch to another green thread instead of blocking.

Two kinds of code do not survive this. Drivers that block in C (psycopg, sqlite3, grpc) never switch: a query would stop every green
thread of the process. And a lock that native threads share is green after the patch, so a native thread that waits for it may never
wake up.

So the process keeps two worlds, and this module is the only bridge between them:

    eventlet.monkey_patch()
    import_native("services.bootstrap.composition")   # with everything that it imports in turn
    native(store.append, events)                      # runs in a native thread; the caller waits, other green threads go on

`import_native` imports modules while `sys.modules` holds the standard library's modules as Python made them (`unpatched_modules`), so
their locks, queues and sockets are real. It then puts the patched ones back. `native` runs a call in eventlet's pool of native threads.

A module that waits on green threads says so with `green_only(__name__)`. If blocking code imports it by mistake, the import fails at
start with an explanation, instead of freezing the process later. What is handed to native threads whole, such as the objects of a service,
passes through `run_natively`: if its module was imported with green modules, the service does not start.

In a process that was never patched, `import_native` is a plain import and `native` a plain call, so the same code runs in both.
"""

import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

import eventlet
import eventlet.patcher
import eventlet.tpool

from shared.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

PATCHED_IN_PLACE = ("_thread", "threading", "queue", "time", "select", "socket")  # eventlet changes these: unpatched copies are needed
BUILT_ON_PATCHED = ("selectors", "ssl", "concurrent")  # packages that must be imported again, on top of the unpatched copies
THREAD_POOL_SIZE = int(os.environ.get("EVENTLET_THREADPOOL_SIZE", "48"))  # a few threads always wait for the log, the others work

native_modules: set[str] = set()  # the names of those that `import_native` imported
unpatched: dict[str, ModuleType] = {}  # the modules of both lists as Python made them, by name
importing: list[str] = []  # the names given to the `import_native` that is under way


def patched() -> bool:
    return bool(eventlet.patcher.is_monkey_patched("thread"))


def import_native(*names: str) -> None:
    """Import modules, and everything that they import, with the unpatched standard library.

    Raises:
        ImportError: one of them is imported already, perhaps with patched modules; or one of their imports is `green_only`.
    """
    early = [name for name in names if name in sys.modules]
    if early:
        raise ImportError(f"already imported, with green modules perhaps: {', '.join(early)}")
    if not patched():
        for name in names:
            importlib.import_module(name)
        return
    eventlet.tpool.set_num_threads(THREAD_POOL_SIZE)
    before = {*sys.modules}
    with unpatched_modules():
        importing.extend(names)
        try:
            for name in names:
                importlib.import_module(name)
        finally:
            importing.clear()
        native_modules.update(sys.modules.keys() - before)
    use_native_locks_in_logging()


def green_only(name: str) -> None:
    """Called by a module whose waits must be green. Native code that waited with it would block every green thread.

    Raises:
        ImportError: the module is being imported by `import_native`.
    """
    if importing:
        raise ImportError(f"{name} waits on green threads: import it after import_native({', '.join(importing)})")


def run_natively(subject: object) -> None:
    """Called before an object is handed to native threads. Locks and waits of its own module must be real there.

    A green lock that is released while a native thread waits for it wakes nobody, or raises greenlet.error in the hub.

    Raises:
        ImportError: its module was imported with green modules.
    """
    module = type(subject).__module__
    if patched() and module not in native_modules:
        raise ImportError(f"{module} runs in native threads: it must be imported by import_native")


@contextmanager
def unpatched_modules() -> Iterator[None]:
    """Inside the block, `sys.modules` holds the standard library's modules as Python made them."""
    green = {name: module for name, module in sys.modules.items() if is_swapped(name)}
    if not unpatched:
        unpatched.update({name: eventlet.patcher.original(name) for name in PATCHED_IN_PLACE})
    for name in green:
        del sys.modules[name]
    sys.modules.update(unpatched)
    try:
        yield
    finally:
        native_modules = {name: module for name, module in sys.modules.items() if is_swapped(name)}
        unpatched.update(native_modules)
        for name in native_modules:
            del sys.modules[name]
        sys.modules.update(green)


def is_swapped(name: str) -> bool:
    return name in PATCHED_IN_PLACE or name.partition(".")[0] in BUILT_ON_PATCHED


def use_native_locks_in_logging() -> None:
    """Give logging real locks. It was imported before the patch, which made them green: a native thread that waits for one hangs.

    Real locks are safe for green threads too, because no green thread switches while it holds one.
    """
    threading: Any = unpatched["threading"]
    logging.threading = threading  # type: ignore[attr-defined]  # a module that logging imports and does not export
    logging._lock = threading.RLock()  # type: ignore[attr-defined]  # private: logging has no public way to replace its locks
    for reference in logging._handlerList:  # type: ignore[attr-defined]  # private, likewise
        handler = reference()
        if handler is not None:
            handler.createLock()


def native(fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `fn` in a native thread, with the context variables of the caller, and wait, green, for its result.

    From a native thread or unpatched, it is a plain call.
    """
    if not patched():
        return fn(*args, **kwargs)
    result: T = eventlet.tpool.execute(copy_context().run, fn, *args, **kwargs)
    return result


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """A block of green code that may wait for so long. What it asked of a native thread goes on there, and nobody waits for it.

    Raises:
        Unavailable: its time was over. What was done is unknown.
    """
    expired = eventlet.Timeout(seconds)
    try:
        yield
    except eventlet.Timeout as timeout:
        if timeout is not expired:
            raise
        raise Unavailable(f"there was no answer within {seconds:g} s") from timeout
    finally:
        expired.cancel()


@contextmanager
def native_context(context: AbstractContextManager[T]) -> Iterator[T]:
    """A context manager that blocks, entered and left in native threads."""
    entered = native(context.__enter__)
    try:
        yield entered
    except BaseException as fault:
        if not native(context.__exit__, type(fault), fault, fault.__traceback__):
            raise
    else:
        native(context.__exit__, None, None, None)
