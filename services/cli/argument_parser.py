"""The parser of the command line: a mistake is one short sentence."""

import argparse
from collections.abc import Callable
from typing import NoReturn

MAX_LENGTH = 200  # characters of a sentence that lists what there is to choose from


Add = Callable[[str, str], argparse.ArgumentParser]
"""Adds a command, by its name and what it does."""


class ArgumentParser(argparse.ArgumentParser):
    """Where there is too much to choose from, `--help` is named instead of all of it."""

    def error(self, message: str) -> NoReturn:
        told, listed, _ = message.partition(" (choose from ")
        super().error(f"{told}: see {self.prog} --help" if listed and len(message) > MAX_LENGTH else message)
