"""The names of everything on the broker.

Two environments (production, a rehearsal) may share a broker: what belongs to a named environment begins with its name, so neither
receives a message or a request of the other.
"""

from msgspec import Struct

NAMES = "NAMES"  # the key of the names in nameko's configuration
FIGURES = "figures"  # the lease and the checkpoint of the stream of figures


class Names(Struct, frozen=True):
    """The names in one environment. Without a name of its own, it has the broker for itself."""

    environment: str = ""

    def scoped(self, name: str) -> str:
        return f"{self.environment}.{name}" if self.environment else name

    @property
    def events(self) -> str:
        """The exchange of the inboxes."""
        return self.scoped("journey.events")

    @property
    def feed(self) -> str:
        """The stream of every event."""
        return self.scoped("journey.feed")

    @property
    def figures(self) -> str:
        """The stream of the figures that moved."""
        return self.scoped("journey.figures")

    @property
    def dead(self) -> str:
        """The exchange of dead letters."""
        return self.scoped("journey.dead")

    @property
    def rpc(self) -> str:
        """The exchange of requests and replies."""
        return self.scoped("nameko-rpc")

    def inbox(self, service: str) -> str:
        return self.scoped(f"{service}.inbox")

    def dead_letters(self, service: str) -> str:
        return self.scoped(f"{service}.dead")

    def requests(self, service: str) -> str:
        return self.scoped(f"{service}.requests")

    def user(self, process: str) -> str:
        """The user of a process, where each has its own. Users are those of the whole broker."""
        return self.scoped(f"parcours-{process}")


SOLE = Names()
