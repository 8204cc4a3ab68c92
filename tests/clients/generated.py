"""A client that openapi-python-client makes of a whole document, as anybody may make one: nothing is taken out before."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGE = "client_of_the_whole_document"
# The generator knows no media type but JSON, forms and bytes: these two are bytes.
CONFIGURATION = {
    "literal_enums": True,
    "content_type_overrides": {"application/x-ndjson": "application/octet-stream", "text/event-stream": "application/octet-stream"},
}


class Generated:
    """The modules of a generated client."""

    def model(self, name: str) -> Any:
        return getattr(self.module("models"), name)

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(f"{PACKAGE}.{name}")

    def operation(self, tag: str, name: str) -> ModuleType:
        return self.module(f"api.{tag}.{name}")

    def client(self, url: str, token: str = "") -> Any:
        made = self.module("client")
        return made.AuthenticatedClient(base_url=url, token=token) if token else made.Client(base_url=url)


@contextmanager
def generated_client(document: dict[str, Any], folder: Path) -> Iterator[Generated]:
    """Generate, without a single warning, and let its package be imported."""
    source, configuration = folder / "openapi.json", folder / "configuration.json"
    source.write_text(json.dumps(document))
    configuration.write_text(json.dumps(CONFIGURATION))
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"]
    command += ["--path", str(source), "--config", str(configuration), "--output-path", str(folder / PACKAGE)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # it formats with the ruff beside this Python
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    try:
        yield Generated()
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
