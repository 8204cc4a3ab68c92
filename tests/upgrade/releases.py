"""The code of two releases, each in a folder of its own: the one that is replaced, and this checkout with facts that differ."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.forks import ROOT

FIRST = Path(__file__).with_name("from.txt")  # the commit that is taken as long as no release has a tag
PACKAGES = ("services", "shared", "demo", "deploy")
FOLD = Path("services/reporting/facts/persons.py")
COUNTED = "def on_person_identified(event: PersonIdentified, context: EventContext) -> list[Change]:\n"
NOT_COUNTED = '    if event.channel == "RUE":\n        return []\n'


def last_release() -> str:
    """The newest tag of a release, or the commit that stands for one."""
    tags = git("tag", "--list", "v*", "--sort=-version:refname").split()
    return tags[0] if tags else FIRST.read_text().strip()


@contextmanager
def checked_out(revision: str, folder: Path) -> Iterator[Path]:
    """The code of a revision of this repository."""
    git("worktree", "add", "--detach", str(folder), revision)
    try:
        yield folder
    finally:
        git("worktree", "remove", "--force", str(folder))


def with_other_facts(folder: Path) -> Path:
    """A copy of this checkout whose fold leaves out who was met in the street: another version of the facts."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=lambda _, names: {"__pycache__", "frontends"} & {*names})
    text = (folder / FOLD).read_text()
    assert text.count(COUNTED) == 1
    (folder / FOLD).write_text(text.replace(COUNTED, COUNTED + NOT_COUNTED))
    return folder


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True, timeout=120).stdout
