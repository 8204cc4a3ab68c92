"""A file of read models that is damaged: `serve` and `rebuild` make it again from the log, other commands say what to do."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.processes import Product, eventually, in_one_process, read_models_file, this_quarter

READERS = (("indicators", "--quarter", "2024-Q2"), ("projections", "list"), ("projections", "retry"))


def damage(folder: Path) -> Path:
    file = read_models_file(folder)
    for path in (file, file.with_name(f"{file.name}-wal")):
        if path.exists():
            path.write_bytes(b"\x07" * max(9_000, path.stat().st_size))
    return file


def people_met(product: Product) -> Any:
    answer = product.get("/v1/indicators", territory="alencon", quarter=this_quarter())
    return answer.json()["indicators"]["people_met"]["value"] if answer.status_code == 200 else answer.status_code


def test_damaged_read_models_are_made_again_or_it_is_said_how(tmp_path: Path) -> None:
    with in_one_process(tmp_path) as product:
        product.must("IdentifyPerson", {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"})
        eventually(lambda: people_met(product) == 1, "the figure")
        damage(tmp_path)
        eventually(lambda: "is made again" in product.processes["serve"].log.read_text(), "the running service notices")
        product.ready(30)
        eventually(lambda: people_met(product) == 1, "the figure, counted again")
    file = damage(tmp_path)
    for words in READERS:
        done = product.tool(*words)
        assert (done.returncode, str(file) in done.stderr, "parcours rebuild" in done.stderr, "Traceback" in done.stderr) == (
            1,
            True,
            True,
            False,
        ), done.stderr
    assert product.tool("rebuild").returncode == 0
    line = json.loads(product.tool("projections", "list").stdout)
    assert line["position"] == line["head"] > 0
    damage(tmp_path)
    with in_one_process(tmp_path) as product:  # which starts on a damaged file
        eventually(lambda: people_met(product) == 1, "the figure, counted again")
