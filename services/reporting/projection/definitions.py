"""The definitions that some roots need, found in the text of the product by following names.

How it works
------------
A symbol is a module and the name of a definition in it: `name`, `Class.method`, or `*` for all of the module. From each symbol the names
that its text uses are followed, within the module and through imports, also those inside functions. Statements of a module that define
nothing (a call that registers something) belong to every definition of it.

Names that are only found while the program runs (`getattr`, an attribute of an object) are not followed: the class of such an object
must be reached by its name, or be a root.
"""

import ast
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

Symbol = tuple[str, str]
ALL, PACKAGES = "*", ("services", "shared")
UNIMPORTANT = frozenset({"kind", "type_comment", "ctx"})  # fields of a syntax tree that change nothing
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Module:
    """What a file defines, by name, and what it imports: as `names`, a symbol of another module by the name that it has here."""

    def __init__(self, source: Path, path: Path) -> None:
        self.source, self.path = source, path
        self.defined: dict[str, list[ast.stmt]] = {}
        self.effects: list[ast.stmt] = []
        self.names: dict[str, Symbol] = {}
        for statement in ast.parse(path.read_bytes()).body:
            self.add(statement)

    def add(self, statement: ast.stmt) -> None:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            self.names |= self.imported(statement)
        elif names := [*defined_names(statement)]:
            for name in names:
                self.defined.setdefault(name, []).append(statement)
        elif not is_docstring(statement):
            self.effects.append(statement)

    def imported(self, statement: ast.Import | ast.ImportFrom) -> dict[str, Symbol]:
        """The symbols of the product that an import gives, by name.

        Raises:
            ValueError: it is one of those that are not followed here; this project has none.
        """
        if isinstance(statement, ast.Import):
            if any(is_ours(alias.name) for alias in statement.names):
                raise ValueError(f"{self.path}:{statement.lineno}: a module of the product that is imported by its whole name")
            return {}
        if statement.level or any(alias.name == ALL for alias in statement.names):
            raise ValueError(f"{self.path}:{statement.lineno}: a relative import, or one of everything")
        module = str(statement.module)
        if not is_ours(module):
            return {}
        names = {alias.asname or alias.name: (module, alias.name) for alias in statement.names}
        return {name: (f"{of}.{what}", ALL) if file_of(self.source, f"{of}.{what}") else (of, what) for name, (of, what) in names.items()}

    def statements(self, name: str) -> list[ast.stmt]:
        """The text of a definition: all that gives a value to the name; of a method, it alone."""
        if name == ALL:
            return [statement for statements in self.defined.values() for statement in statements]
        of, _, method = name.partition(".")
        found = self.defined.get(of, [])
        if not method:
            return found
        members = [member for each in found if isinstance(each, ast.ClassDef) for member in each.body if isinstance(member, FUNCTIONS)]
        return [member for member in members if member.name == method]

    def used(self, statements: Iterable[ast.AST], module: str) -> Iterator[Symbol]:
        """The symbols that these statements use. Of another module of which only an attribute is used, only that."""
        nodes = [node for statement in statements for node in meaningful(statement)]
        attributes = {id(node.value): node.attr for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                yield from self.imported(node).values()
            elif isinstance(node, ast.Name) and node.id in self.names:
                of, name = self.names[node.id]
                yield of, attributes.get(id(node), ALL) if name == ALL else name
            elif isinstance(node, ast.Name) and node.id in self.defined:
                yield module, node.id


class Text:
    """The modules of the product below a directory, each read once."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.modules: dict[str, Module] = {}

    def module(self, name: str) -> Module | None:
        if name not in self.modules and (path := file_of(self.source, name)):
            self.modules[name] = Module(self.source, path)
        return self.modules.get(name)

    @cached_property
    def files(self) -> dict[str, Path]:
        paths = sorted((self.source / "services").rglob("*.py"))
        return {".".join(path.relative_to(self.source).with_suffix("").parts): path for path in paths}


def find_definitions(source: Path, roots: Iterable[Symbol], not_followed: Collection[str]) -> dict[Symbol, str]:
    """Each symbol that the roots need, with what Python reads of it, in the order of their names.

    Raises:
        ValueError: a root is not there, or an import cannot be followed.
    """
    text, found = Text(source), dict[Symbol, str]()
    pending = [*roots]
    if missing := [root for root in pending if not ((module := text.module(root[0])) and module.statements(root[1]))]:
        raise ValueError(f"there is no {missing}")
    while pending:
        symbol = pending.pop()
        module = None if symbol[0] in not_followed or symbol in found else text.module(symbol[0])
        if module is None:
            continue
        if symbol[1] in module.names:  # a name that this module has from another one
            pending.append(module.names[symbol[1]])
            continue
        statements = [*module.statements(symbol[1]), *module.effects]
        found[symbol] = "\n".join(map(canonical, statements))
        pending += module.used(statements, symbol[0])
    return dict(sorted(found.items()))


def keyword_values(source: Path, keyword: str) -> list[Symbol]:
    """The definitions that give a keyword to a call: `JOURNEY = Aggregate(upcasts=…)` needs the functions that are named there."""
    found: list[Symbol] = []
    for name, path in Text(source).files.items():
        if f"{keyword}=" not in path.read_text(encoding="utf-8"):
            continue
        module = Module(source, path)
        for statements in module.defined.values():
            values = [node.value for each in statements for node in ast.walk(each) if isinstance(node, ast.keyword) and node.arg == keyword]
            found += module.used(values, name)
    return found


def meaningful(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a syntax tree that change what the program does, and the node itself first."""
    yield node
    for _, child in fields(node):
        for each in child if isinstance(child, list) else [child]:
            if isinstance(each, ast.AST):
                yield from meaningful(each)


def fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    for name, value in ast.iter_fields(node):
        if name in UNIMPORTANT or value is None or value == []:
            continue
        if (isinstance(node, FUNCTIONS) and name == "returns") or (isinstance(node, ast.arg) and name == "annotation"):
            continue
        if name == "body" and isinstance(node, (*FUNCTIONS, ast.ClassDef)) and is_docstring(value[0]):
            value = value[1:]
        yield name, value


def canonical(node: Any) -> str:
    """A syntax tree as text: without what changes nothing, and the same with every version of Python that reads it."""
    if isinstance(node, list):
        return f"[{','.join(map(canonical, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    return f"{type(node).__name__}({','.join(f'{name}={canonical(value)}' for name, value in fields(node))})"


def defined_names(statement: ast.stmt) -> Iterator[str]:
    """The names to which a statement of a module gives a value."""
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node.name


def is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_ours(module: str) -> bool:
    return module.partition(".")[0] in PACKAGES


def file_of(source: Path, module: str) -> Path | None:
    """The file of a module or package of the product; None for any other name."""
    path = source.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None) if is_ours(module) else None
