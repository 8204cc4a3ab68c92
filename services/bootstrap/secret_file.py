"""Files with a secret, which only their owner can read."""

import os
import tempfile
from pathlib import Path


def keep_secret(path: Path, content: bytes) -> None:
    """Make a file with this content, unless somebody else was first: all processes then read the same secret.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file, draft = tempfile.mkstemp(".part", f".{path.name}.", path.parent)  # which only its owner can read
    try:
        with os.fdopen(file, "wb") as open_file:
            open_file.write(content)
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.unlink(draft)
