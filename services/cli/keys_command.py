"""`parcours keys`: makes the keys of an installation, and replaces the one that signs identities while everything works (ADR 71)."""

from argparse import Namespace
from datetime import UTC, datetime

from services.bootstrap.identity_files import IdentityFiles, make_all, standings
from services.bootstrap.settings import Settings
from services.cli.commands import print_message
from shared.trust.tokens import IDENTITY_LIFETIME

MINUTE = f"{IDENTITY_LIFETIME.total_seconds():.0f} s"


def keys(args: Namespace, settings: Settings) -> int:
    identities = IdentityFiles(settings.keys)
    match args.action:
        case "make":
            made = make_all(settings.keys)
            print_message("\n".join(f"{file} is made." for file in made) or "Every key is there.")
        case "list":
            for standing in standings(identities):
                print(f"{standing.key.kid}  {datetime.fromtimestamp(standing.key.iat, UTC):%Y-%m-%dT%H:%MZ}  {standing.does}")
        case "prepare":
            prepared = identities.prepare()
            print_message(f"{prepared.kid} is prepared. Where services read a copy of {settings.keys.public}, copy it; then rotate.")
        case "rotate":
            rotated = identities.rotate()
            print_message(f"{rotated.kid} signs from now on. Those before it are still known: `parcours keys drop` when {MINUTE} are over.")
        case _:
            dropped = identities.drop()
            print_message("\n".join(f"{key.kid} is known no more." for key in dropped) or "No other key was known.")
    return 0
