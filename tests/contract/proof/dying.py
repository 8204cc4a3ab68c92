"""Seals logs in processes that are killed at a line of the sealer: for tests.

python -m tests.contract.proof.dying ADDRESS       then a number of a line for each line of standard input; answers `killed` or `ended`

The program imports once and opens nothing; each attempt is a process that is forked from it.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from tests.contract.proof.sealed import SealedLog

FILES = ("shared/proof/", "shared/store/sqlite/", "shared/store/postgres/tree_heads.py", "shared/store/postgres/checkpoints.py")


def seal_until(address: str, line: int) -> None:
    sealed = SealedLog(address, Path(address).parent)
    left = line

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if not any(part in frame.f_code.co_filename for part in FILES):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    sealed.seal()


def main(address: str) -> None:
    for text in sys.stdin:
        if (child := os.fork()) == 0:
            seal_until(address, int(text))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print("killed" if killed else "ended" if status == 0 else f"failed: {status}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
