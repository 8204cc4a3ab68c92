"""What a field of an event or of a command holds, said where it is declared.

    class ProfileRecorded(Struct, frozen=True, tag=True):
        person: Identifier
        sex: Annotated[Sex | Sealed, PROFILE]

Every text of an event is marked, so that nobody declares one without asking whether it can hold what somebody says of a person: a test
fails on a text without a mark. Of a marked field of a command, the same is protected on its way to the service.
"""

from enum import Enum
from typing import Annotated

from msgspec import Meta, Struct

PERSONAL, HOLDS = "personal", "holds"
PERSON = "person"  # the field that names whom an event or a command is about


class Personal(Enum):
    """What kind of personal data: the table of permissions says who may read each kind."""

    IDENTITY = "identity"  # names, birth date, how and where to reach the person
    PROFILE = "profile"  # what is of a sensitive kind: sex, age, disability, household…
    NOTE = "note"  # free text, in which anything may be said


IDENTITY = Meta(extra={PERSONAL: Personal.IDENTITY})
PROFILE = Meta(extra={PERSONAL: Personal.PROFILE})
NOTE = Meta(extra={PERSONAL: Personal.NOTE})

Identifier = Annotated[str, Meta(extra={HOLDS: "identifier"})]
"""An identifier that a program chose: of a person (a pseudonym), a record, an organisation, an account. It is no name."""

Code = Annotated[str, Meta(extra={HOLDS: "code"})]
"""One of a list that is written down elsewhere: a territory, a thematique, an indicator, a reason for a refusal."""

PublicText = Annotated[str, Meta(extra={HOLDS: "public"})]
"""A text that everybody may read who reads the log: the label of a partner, an address of a program. Its form asks for no name."""


class Sealed(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A value that is encrypted, in base64 (`cipher`)."""

    sealed: str
