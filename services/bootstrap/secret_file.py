"""Files with a secret, which only their owner can read."""

import os
from pathlib import Path


def keep_secret(path: Path, content: bytes) -> None:
    """Make a file with this content, unless another process was first: all processes then read the same secret.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    try:
        draft.write_bytes(content)
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
