"""The package of the TypeScript client: its types are those of the product, and others can install it."""

import json
import re
from pathlib import Path

from shared.version import __version__
from tests.architecture.source import ROOT, tracked
from tests.clients.generate import GENERATED, generate
from tests.clients.typescript import CLIENT, run

MOST_LINES, LONGEST_LINE = 300, 140
EXACT = re.compile(r"\d+\.\d+\.\d+")


def test_the_committed_types_are_those_of_the_product(tmp_path: Path) -> None:
    generate(tmp_path)
    names = sorted(path.name for path in GENERATED.iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    assert [name for name in names if (tmp_path / name).read_text() != (GENERATED / name).read_text()] == [], "make client-types"


def test_the_types_know_no_territory_of_a_programme() -> None:
    territories = json.loads((ROOT / "deploy" / "territories.json").read_text())["territories"]
    text = "".join(path.read_text() for path in GENERATED.iterdir())
    assert territories
    assert [each["id"] for each in territories if f'"{each["id"]}"' in text] == []


def test_versions_are_exact_and_locked_without_an_address_of_a_registry() -> None:
    package = json.loads((CLIENT / "package.json").read_text())
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert [name for name, version in wanted.items() if not EXACT.fullmatch(version)] == []
    locked = json.loads((CLIENT / "package-lock.json").read_text())["packages"]
    installed = {name: each for name, each in locked.items() if name}
    assert len(installed) > 30
    assert [name for name, each in installed.items() if "resolved" in each or not each["integrity"].startswith("sha512-")] == []


def test_the_package_has_the_version_of_the_product_and_holds_what_it_exports(built: Path) -> None:
    package = json.loads((CLIENT / "package.json").read_text())
    assert (package["version"], package["license"]) == (__version__, "EUPL-1.2")
    packed = json.loads(run("npm", "pack", "--dry-run", "--json", "--ignore-scripts").stdout)[0]["files"]
    held = {each["path"] for each in packed}
    assert {"package.json", "README.md", "LICENSE"} <= held
    assert (CLIENT / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    exported = {target.removeprefix("./") for entry in package["exports"].values() for target in entry.values()}
    assert exported <= held
    assert [path for path in held if path.partition("/")[0] not in {"dist", "package.json", "README.md", "LICENSE"}] == []


def test_what_is_written_by_hand_is_short() -> None:
    files = [ROOT / path for path in tracked() if path.endswith((".ts", ".mjs"))]
    written = {path: path.read_text().splitlines() for path in files if path.parent != GENERATED}
    assert len(written) > 15
    assert [path.name for path, lines in written.items() if len(lines) > MOST_LINES or max(map(len, lines)) > LONGEST_LINE] == []
