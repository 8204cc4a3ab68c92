"""Architecture decision records have one format, numbers without gaps, and a complete table of contents.

`problems` checks a folder of records, so that each check can also be run on a copy that breaks its rule.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

ADRS = ROOT / "docs" / "adr"
HEADINGS = ["Context", "Decision", "Alternatives", "Consequences"]
NOT_RECORDS = {"README.md", "template.md"}
MAX_LINE_LENGTH = 120  # characters

HEADER = re.compile(r"# (?P<number>\d+)\. (?P<title>.+)\n\n- Status: (?P<status>.+)\n- Date: (?P<date>.+)\n\n## ")
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
SECTION = re.compile(r"^## .+\n\n(?=\S)(?!#)", re.MULTILINE)
STATUS = re.compile(r"proposed|accepted|superseded by (?P<successor>\d{4})")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
ROW = re.compile(r"^\| \[(?P<number>\d{4})\] \| (?P<title>.+) \| (?P<status>.+) \|$", re.MULTILINE)
LINK = re.compile(r"^\[(?P<number>\d{4})\]: (?P<file>\S+)$", re.MULTILINE)


def problems(folder: Path) -> list[str]:
    """Every rule that a folder of records breaks, one text for each."""
    return [
        *number_problems(folder),
        *(f"{path.name}: {problem}" for path in records(folder) for problem in record_problems(path)),
        *(f"{path.name}: {problem}" for path in sorted(folder.rglob("*.md")) for problem in long_lines(path)),
        *readme_problems(folder),
    ]


def records(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.md") if path.name not in NOT_RECORDS)


def number_problems(folder: Path) -> Iterator[str]:
    numbers = [path.name[:4] for path in records(folder)]
    expected = [f"{number:04}" for number in range(1, len(numbers) + 1)]
    if numbers != expected:
        yield f"numbers are {numbers}, expected {expected}"


def record_problems(path: Path) -> Iterator[str]:
    text = path.read_text()
    header = HEADER.match(text)
    if header is None:
        yield "does not begin with '# N. Title', '- Status: …' and '- Date: …'"
        return
    expected_name = f"{int(header['number']):04}-{slug(header['title'])}.md"
    if path.name != expected_name:
        yield f"the title belongs in {expected_name}"
    if HEADING.findall(text) != HEADINGS:
        yield f"headings are {HEADING.findall(text)}, expected {HEADINGS}"
    if len(SECTION.findall(text)) != len(HEADING.findall(text)):
        yield "a section is empty"
    yield from status_problems(header["status"], path.parent)
    yield from date_problems(header["date"])


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def status_problems(status: str, folder: Path) -> Iterator[str]:
    known = STATUS.fullmatch(status)
    if known is None:
        yield f"unknown status '{status}'"
    elif known["successor"] and not list(folder.glob(f"{known['successor']}-*.md")):
        yield f"superseded by {known['successor']}, which does not exist"


def date_problems(written: str) -> Iterator[str]:
    try:
        valid = ISO_DATE.fullmatch(written) and date.fromisoformat(written)
    except ValueError:  # a day that no calendar has
        valid = None
    if not valid:
        yield f"'{written}' is not a date in the form YYYY-MM-DD"


def long_lines(path: Path) -> Iterator[str]:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if len(line) > MAX_LINE_LENGTH:
            yield f"line {number} has {len(line)} characters"


def readme_problems(folder: Path) -> Iterator[str]:
    readme = (folder / "README.md").read_text()
    headers = {path.name: header for path in records(folder) if (header := HEADER.match(path.read_text()))}
    if ROW.findall(readme) != [(name[:4], header["title"], header["status"]) for name, header in headers.items()]:
        yield "README.md: the table does not list exactly the records, with their titles and statuses"
    if LINK.findall(readme) != [(path.name[:4], path.name) for path in records(folder)]:
        yield "README.md: the links are not exactly those to the records"


def test_every_record_follows_the_format() -> None:
    assert records(ADRS)
    assert problems(ADRS) == []


def replace_in_first(old: str, new: str) -> Callable[[Path], object]:
    """An edit of the first record of a folder."""

    def edit(folder: Path) -> None:
        first = records(folder)[0]
        text = first.read_text()
        assert old in text
        first.write_text(text.replace(old, new, 1))

    return edit


def remove_second(folder: Path) -> None:
    records(folder)[1].unlink()


def rename_first(folder: Path) -> None:
    first = records(folder)[0]
    first.rename(first.with_name("0001-another-title.md"))


def empty_first_context(folder: Path) -> None:
    first = records(folder)[0]
    first.write_text(re.sub(r"(?s)## Context\n.*?(?=## Decision)", "## Context\n\n", first.read_text()))


def lengthen_template(folder: Path) -> None:
    with (folder / "template.md").open("a") as template:
        template.write("x" * (MAX_LINE_LENGTH + 1) + "\n")


def remove_from_readme(pattern: re.Pattern[str]) -> Callable[[Path], object]:
    def edit(folder: Path) -> None:
        readme = folder / "README.md"
        readme.write_text(pattern.sub("", readme.read_text(), count=1))

    return edit


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a gap in the numbers": (remove_second, "numbers are"),
    "no number in the title": (replace_in_first("# 1. ", "# "), "does not begin with"),
    "another number in the title": (replace_in_first("# 1. ", "# 2. "), "the title belongs in"),
    "another name of the file": (rename_first, "the title belongs in"),
    "a missing heading": (replace_in_first("## Alternatives", "Alternatives"), "headings are"),
    "headings in another order": (replace_in_first("## Context", "## Consequences"), "headings are"),
    "an empty section": (empty_first_context, "a section is empty"),
    "an unknown status": (replace_in_first("Status: accepted", "Status: agreed"), "unknown status"),
    "a successor that does not exist": (replace_in_first("Status: accepted", "Status: superseded by 9999"), "which does not exist"),
    "a date in words": (replace_in_first("Date: 20", "Date: November 20"), "is not a date"),
    "a day that does not exist": (replace_in_first("-11-", "-13-"), "is not a date"),
    "a long line": (lengthen_template, "has 121 characters"),
    "a record missing in the table": (remove_from_readme(ROW), "the table does not list"),
    "a record without a link": (remove_from_readme(LINK), "the links are not"),
    "another status in the table": (replace_in_first("Status: accepted", "Status: proposed"), "the table does not list"),
}


@pytest.mark.parametrize(("edit", "expected"), BREAKS.values(), ids=BREAKS)
def test_each_broken_rule_is_reported(edit: Callable[[Path], object], expected: str, tmp_path: Path) -> None:
    """A copy of the records that breaks one rule: the check of that rule reports it."""
    folder = tmp_path / "adr"
    shutil.copytree(ADRS, folder)
    edit(folder)
    assert any(expected in problem for problem in problems(folder))
