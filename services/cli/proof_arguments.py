"""The arguments of `parcours verify`, `bundle` and `witness`."""

from pathlib import Path

from services.cli.argument_parser import Add


def add_proof_commands(add: Add) -> None:
    verify = add("verify", "compute everything that was sealed again, and name what is not as it was; print the last checkpoint")
    verify.add_argument(
        "--checkpoint", type=Path, action="append", default=[], metavar="FILE", help="one that was kept; repeated for several"
    )
    verify.add_argument("--key", metavar="KEY", help="the text of the key that verifies (that of PARCOURS_SEAL_KEY)")
    verify.add_argument(
        "--witness", action="append", default=[], metavar="KEY", help="of who must have cosigned what was kept; repeated for several"
    )
    add("bundle", "write what an auditor carries away, with a program that verifies it").add_argument(
        "folder", type=Path, help="a folder that does not exist yet"
    )
    witness = add("witness", "cosign the last checkpoint of a bundle, if it has grown from the one that was cosigned before")
    witness.add_argument("folder", type=Path, help="a bundle, or a folder with its checkpoints.ndjson")
    witness.add_argument("--log", required=True, metavar="KEY", help="the text of the key of the log, given to you by other means")
