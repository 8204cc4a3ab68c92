"""Write the types of the TypeScript client again, from the documents of the product: `make client-types`."""

import tempfile
from pathlib import Path

from tests.clients.typescript import CLIENT, run
from tests.processes import in_one_process

GENERATED = CLIENT / "src" / "generated"


def generate(folder: Path) -> None:
    """Write the types of the product, as it is here, into a folder."""
    with tempfile.TemporaryDirectory() as data, in_one_process(Path(data)) as product:
        run("npm", "run", "--silent", "generate", "--", product.url, folder)


if __name__ == "__main__":
    generate(GENERATED)
