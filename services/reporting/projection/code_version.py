"""The version of the code that folds events into facts. Tables made by another version may hold other facts for the same events.

How it works
------------
The version is a digest of the source files that decide a fact. They are found by following imports, in the text of the files, from
three roots and from every module that declares upcasts:

- `facts.fold`: the readers, the tables, the calendar.
- `projection.fact_batch`: how rows are completed and written, in which columns.
- `shared.store.upcasting`, and each module of a service with `upcasts=`: the shape in which an old event is read.

Imports inside functions count too, and so do the packages that contain a module. What these files do not import cannot change a fact:
pages, HTTP, indicators (they read facts), the bus. So a release that changes only those keeps the read models, without a rebuild.
A comment in one of the files does change the digest: the price is one rebuild, at the start of the service.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from uuid import uuid4

SOURCE = Path(__file__).parents[3]  # the directory that contains the packages
PACKAGES = ("services", "shared")
ROOT_MODULES = ("services.reporting.facts.fold", "services.reporting.projection.fact_batch", "shared.store.upcasting")
UPCASTS_KEYWORD = "upcasts="  # the argument by which an aggregate declares how its old events are read


@cache
def version() -> str:
    """`facts <digest>`, the same as long as no file that decides a fact changes."""
    return f"facts {fact_digest(SOURCE)}"


def new_build_name() -> str:
    """A unique name for tables about to be made: `facts <digest> <uuid>`. It begins with the version of the code that makes them."""
    return f"{version()} {uuid4()}"


def fact_digest(source: Path) -> str:
    digest = hashlib.sha256()
    for module, path in fact_modules(source).items():
        digest.update(module.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def fact_modules(source: Path) -> dict[str, Path]:
    """The modules of the product that decide a fact, with their files, by name: the roots and all that they import."""
    modules: dict[str, Path] = {}
    pending = [*ROOT_MODULES, *modules_with_upcasts(source)]
    while pending:
        module = pending.pop()
        if module not in modules and (path := file_of(source, module)):
            modules[module] = path
            pending += imported_names(path)
    return dict(sorted(modules.items()))


def modules_with_upcasts(source: Path) -> Iterator[str]:
    for path in (source / "services").rglob("*.py"):
        if UPCASTS_KEYWORD in path.read_text(encoding="utf-8"):
            yield ".".join(path.relative_to(source).with_suffix("").parts)


def imported_names(path: Path) -> Iterator[str]:
    """Every name that a file imports, and the packages around it. Some are names in a module, which `file_of` does not find.

    Raises:
        ValueError: an import is relative. This project has none, and they are not followed here.
    """
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{path}:{node.lineno}: a relative import")
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def file_of(source: Path, module: str) -> Path | None:
    """The file of a module or package of the product; None for any other name."""
    path = source.joinpath(*module.split("."))
    if module.partition(".")[0] not in PACKAGES:
        return None
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
