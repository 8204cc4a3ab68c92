"""Reads the environment variables of a process, and finds every fault of them before anything is opened."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from services.bootstrap.variables import DEFAULTS, FILE, IN_FILES, unknown
from shared.errors import Misconfigured

T = TypeVar("T")


class Environment:
    """Reads variables one after the other and collects the faults, so that all of them are said at once."""

    def __init__(self, variables: Mapping[str, str], **folders: Path) -> None:
        self.variables = variables
        self.folders = folders
        self.faults: list[str] = [fault for name in variables if (fault := unknown(name))]

    def given(self, name: str) -> bool:
        return name in self.variables or (name in IN_FILES and f"{name}{FILE}" in self.variables)

    def read(self, name: str, parse: Callable[[str], T]) -> T:
        """What `parse` makes of a variable; of its default if there is a fault, which is collected."""
        default = DEFAULTS[name].format(**self.folders)
        with_file = f"{name}{FILE}"
        try:
            if name not in IN_FILES or with_file not in self.variables:
                return parse(self.variables.get(name, default))
            return self.read_file(name, Path(self.variables[with_file]), parse)
        except Misconfigured as fault:
            self.faults.extend(fault.sentences)
        return parse(default)

    def read_file(self, name: str, file: Path, parse: Callable[[str], T]) -> T:
        if name in self.variables:
            raise Misconfigured(f"{name}, {name}{FILE}: both are given; one of them is expected.")
        try:
            text = file.read_text()
        except (OSError, ValueError) as fault:
            raise Misconfigured(f"{name}{FILE}: {file}: {fault_text(fault)}") from fault
        try:
            return parse(text.removesuffix("\n"))
        except Misconfigured as fault:
            raise Misconfigured(*(f"{name}{FILE}: {file}: {each.removeprefix(f'{name}: ')}" for each in fault.sentences)) from fault

    def require(self, name: str, because: str) -> None:
        if not self.given(name):
            self.faults.append(f"{name}: it is not given: {because}")

    def check(self, check: Callable[[], object]) -> None:
        """Collect the fault of a check that reads no variable."""
        try:
            check()
        except Misconfigured as fault:
            self.faults.extend(fault.sentences)

    def close(self) -> None:
        """Raises Misconfigured with every fault, if there is one."""
        if self.faults:
            raise Misconfigured(*self.faults)


def fault_text(fault: Exception) -> str:
    """What is wrong with a file, without its name."""
    if isinstance(fault, UnicodeDecodeError):
        return "it is not text in UTF-8"
    return fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
