"""The page of promises names tests that exist, where it says they are."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
KEPT = re.compile(r"\[`(test_\w+)`\]\(\.\./([\w/.]+)\)")


def test_every_promise_is_kept_by_a_test_that_is_there() -> None:
    promises = KEPT.findall((ROOT / "docs" / "promises.md").read_text())
    assert len(promises) > 30
    assert [(name, path) for name, path in promises if f"def {name}(" not in (ROOT / path).read_text()] == []


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([\w/.-]+)\)", (ROOT / "README.md").read_text())
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []
