"""The arguments of `parcours setup`."""

from services.cli.argument_kinds import number, site
from services.cli.argument_parser import Add

MAX_HOURS = 168  # a week


def add_setup_command(add: Add) -> None:
    setup = add("setup", "set up the tables of the log, record a grant, and print a link that opens one session with it")
    setup.add_argument("--no-link", action="store_true", help="set up the tables only")
    setup.add_argument("--keys", action="store_true", help="also make the keys that are missing, as `keys make` does")
    setup.add_argument("--name", default="administration", metavar="ID", help="who enters: a pseudonym (administration)")
    setup.add_argument("--role", default="administrator", help="as what: administrator, coordinator, auditor, … (administrator)")
    setup.add_argument("--organisation", metavar="ID", help="for which organisation; a prescriber and a partner need one")
    setup.add_argument("--territory", action="append", metavar="ID", help="where; repeated for several (all)")
    setup.add_argument("--hours", type=number(1, MAX_HOURS), default=1, help="for which the link opens the session, once (1)")
    setup.add_argument("--url", type=site, metavar="https://…", help="where people reach the pages (that of --host and --port)")
