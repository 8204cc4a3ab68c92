"""What is committed is ours, and names no place that another machine does not have."""

import re
import stat

import pytest

from tests.architecture.source import ROOT, tracked

ASSETS = {".js", ".mjs", ".css", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".map", ".whl", ".jar"}
OURS = {".js", ".mjs", ".css"}
OF_ANOTHER = re.compile(r"@license|@preserve|copyright|sourceMappingURL|released under|licensed under", re.IGNORECASE)
ADDRESS = re.compile(r"https?://|--index-url|--extra-index-url|--find-links|--trusted-host|file://", re.IGNORECASE)
# Assembled, so that this page does not find itself.
SECRETS = re.compile("|".join(("BEGIN [A-Z ]*PRIVATE " + "KEY", "AKIA" + "[0-9A-Z]{16}", "ghp" + "_[A-Za-z0-9]{30}")))


def test_no_asset_of_a_third_party_is_committed() -> None:
    assets = [path for path in tracked() if (ROOT / path).suffix in ASSETS]
    foreign = [
        path for path in assets if (ROOT / path).suffix not in OURS or ".min." in path or OF_ANOTHER.search((ROOT / path).read_text())
    ]
    assert foreign == []


@pytest.mark.parametrize("name", ["run.txt", "test.txt"])
def test_requirements_name_no_index(name: str) -> None:
    assert ADDRESS.findall((ROOT / "requirements" / name).read_text()) == []


def test_no_secret_is_committed() -> None:
    texts = ((path, (ROOT / path).read_bytes().decode(errors="ignore")) for path in tracked())
    assert [path for path, text in texts if SECRETS.search(text)] == []


def test_scripts_can_be_run() -> None:
    scripts = [path for path in tracked() if path.startswith(("bin/", ".ci/"))]
    assert scripts
    assert [path for path in scripts if not (ROOT / path).stat().st_mode & stat.S_IXUSR] == []
