"""`parcours audit figures`: whether the ledger and the facts give the same figures. `parcours audit coverage` is in coverage_command.py."""

from argparse import Namespace

import msgspec

from services.bootstrap.composition import Components
from services.bootstrap.settings import Settings
from services.cli.commands import messages_of, print_message
from services.cli.coverage_command import audit_coverage
from services.reporting.queries.audit import audit_figures
from shared.errors import Refused


def audit(args: Namespace, settings: Settings) -> int:
    """Prints each figure that differs, as JSON, and then the first wrong entry of the ledger; what was compared goes to standard error."""
    components = Components(settings)
    if args.what == "coverage":
        return audit_coverage(args, components)
    try:
        found = audit_figures(components.reports, components.store)
    except Refused as fault:
        print_message(" ".join(messages_of(fault)[""]))
        return 1
    for difference in found.differences:
        print(msgspec.json.encode(difference).decode())
    if found.first_wrong_entry:
        print(msgspec.json.encode(found.first_wrong_entry).decode())
    outcome = f"{len(found.differences)} differ" if found.differences else "the ledger and the facts agree"
    print_message(f"{found.compared} figures compared, as of position {found.position}: {outcome}.")
    return 1 if found.differences else 0
