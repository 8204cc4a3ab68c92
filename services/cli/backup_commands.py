"""`parcours backup` and `parcours restore`: what cannot be made again goes into a folder, and from there into an empty log."""

from argparse import Namespace
from typing import NamedTuple

import msgspec

from services.bootstrap.backup import make_backup
from services.bootstrap.backup_manifest import DamagedBackup, Manifest, verified
from services.bootstrap.composition import Components
from services.bootstrap.environment import fault_text
from services.bootstrap.lost_events import lost_events
from services.bootstrap.restore import other_programme, put_back, restore
from services.bootstrap.settings import Settings
from services.cli.commands import print_message, progress
from services.vocabulary.restoration import Restoration
from shared.errors import Misconfigured, Unavailable

FOLDER_OR_IN_PLACE = "restore: the folder of a backup is expected, or --in-place for a log that was put back by other means."


class Lost(NamedTuple):
    """An event that is lost: what names it, and nothing of what it holds."""

    position: int
    id: str
    type: str
    recordedtime: str


def backup(args: Namespace, settings: Settings) -> int:
    try:
        if args.verify:
            return said_of(verified(args.folder), f"{args.folder} is whole")
        manifest = make_backup(Components(settings), args.folder)
    except DamagedBackup as fault:
        return damaged(fault)
    except OSError as fault:
        print_message(f"{args.folder}: {fault_text(fault)}")
        return 1
    return said_of(
        manifest, f"{args.folder} is made. Keep it as secret as the keys in it, and apart from the one that wraps those of persons"
    )


def said_of(manifest: Manifest, what: str) -> int:
    print_message(f"{what}: {manifest.log.events} events up to position {manifest.log.position}, of {manifest.made_at.isoformat()}.")
    return 0


def damaged(fault: DamagedBackup) -> int:
    for sentence in fault.sentences:
        print_message(sentence)
    return 1


def restore_log(args: Namespace, settings: Settings) -> int:
    if (args.folder is None) != args.in_place:
        raise Misconfigured(FOLDER_OR_IN_PLACE)
    components = Components(settings)
    if args.in_place:
        settings.check_log_exists()
        restoration = put_back(components)
        print_message(f"The log was put back to position {restoration.after}; it goes on at {restoration.position}.")
    else:
        try:
            manifest, restoration = restore(components, args.folder, person_keys=not args.without_person_keys)
        except DamagedBackup as fault:
            return damaged(fault)
        print_message(
            f"{manifest.log.events} events are restored, up to position {restoration.after}; the log goes on at {restoration.position}."
        )
        print_message(f"Who was erased after {manifest.made_at.isoformat()} is not erased in it: destroy their keys again.")
        if other_programme(settings, args.folder):
            print_message(f"PARCOURS_TERRITORIES names another programme than {args.folder / 'territories.json'}: compare them.")
        print_message(f"{args.folder / 'variables.json'} has the variables that were set, without passwords.")
    left = [*rebuild(components), *name_lost(components, restoration)]
    for sentence in left:
        print_message(sentence)
    print_message("Start the services." if not left else "Then start the services.")
    return 1 if left else 0


def rebuild(components: Components) -> list[str]:
    """Make the read models from the log: those that are there may hold figures of what is lost."""
    try:
        components.renew_damaged_read_models()
        components.reports.rebuild(components.store)
    except Unavailable as fault:
        return [f"The read models are away ({fault}). They must not be read as they are: run `parcours rebuild`."]
    print_message("The read models are made again.")
    return []


def name_lost(components: Components, restoration: Restoration) -> list[str]:
    """Print what names each lost event, a line of JSON each, and how many there are."""
    first = last = None
    count = 0
    try:
        for last in progress(lost_events(components.settings, components.store, restoration), "journey.feed"):
            count, first = count + 1, first or last
            print(msgspec.json.encode(Lost(last.position, str(last.id), last.type, last.recordedtime.isoformat())._asdict()).decode())
    except Unavailable as fault:
        return [f"Which events are lost is not known: {fault}"]
    if first and last:
        print_message(
            f"{count} events that the broker has seen are missing: positions {first.position} ({first.id}) to {last.position} ({last.id})."
        )
    return []
