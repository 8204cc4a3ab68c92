"""`parcours setup`: sets up the tables of the log, records a grant, and prints a link that opens one session with it.

It is for the first person who is to enter: they have nobody to ask. Whoever runs it can read the keys, and so could enter in any case.
"""

from argparse import Namespace
from datetime import timedelta

from services.bootstrap.accounts import Installer
from services.bootstrap.composition import Components
from services.bootstrap.database_roles import ROLES
from services.bootstrap.identity_files import first_key, make_all
from services.bootstrap.settings import POSTGRES, Settings
from services.cli.commands import check_territory, print_message
from services.gateway.login import identity_of, read_login
from services.gateway.login_links import LoginLinks, address_of
from services.vocabulary.programme import PROGRAMME
from shared.errors import Invalid, Misconfigured
from shared.store.postgres import granting
from shared.time import now
from shared.trust.access import EVERYWHERE, Identity


def setup(args: Namespace, settings: Settings) -> int:
    if args.keys:
        make_all(settings.keys)
    components = Components(settings)
    visitor = None if args.no_link else identity(args, settings)
    components.store.head()  # what is opened for the first time is set up, if this role owns the database
    components.checkpoints.load("relay")
    records = components.gateway_records
    print_message("The log and the records of the gateways are set up.")
    grant_rights(settings)
    if visitor is None:
        return 0
    first_key(settings.keys, alone=settings.embedded)
    links = LoginLinks(components.trust.sessions_signer.key, now)
    grant = Installer(components.handlers["accounts"], components.accounts, now).grant(visitor)
    secret = links.issue(records, visitor, grant, timedelta(hours=args.hours))
    where = "everywhere" if EVERYWHERE in visitor.territories else f"in {', '.join(visitor.territories)}"
    print_message(f"This link opens one session for {visitor.actor.id}, {visitor.actor.role} {where}, within {args.hours} h:")
    print(address_of(args.url or f"http://{settings.host}:{settings.port}", secret))
    return 0


def grant_rights(settings: Settings) -> None:
    """Give each process's role its rights, in each database that this user owns. Where one role does everything, none is needed."""
    for address in {settings.event_store, settings.gateway_records}:
        if address.scheme in POSTGRES and granting.owns(address):
            missing = granting.grant(address, [*ROLES.values()])
            print_message(f"The roles of processes have their rights: {', '.join(each.role for each in ROLES.values())}.")
            if missing:
                print_message(f"An administrator creates these, if each process is to have its own: {', '.join(missing)}.")


def identity(args: Namespace, settings: Settings) -> Identity:
    """Whose session the link opens.

    Raises:
        Misconfigured: there is nobody like this.
    """
    given = args.territory or [PROGRAMME]
    known = [PROGRAMME, *(territory.id for territory in settings.programme().territories)]
    for territory in given:
        check_territory(territory, known)
    territories = [EVERYWHERE] if PROGRAMME in given else given
    asked = {"actor": args.name, "role": args.role, "territories": territories}
    try:
        login = read_login(asked | ({"organisation": args.organisation} if args.organisation else {}))
        return identity_of(login)
    except Invalid as fault:
        options = {"actor": "--name", "territories": "--territory"}
        raise Misconfigured(*(f"{options.get(field, f'--{field}')}: {' '.join(texts)}" for field, texts in fault.faults.items())) from fault
