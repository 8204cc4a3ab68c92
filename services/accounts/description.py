"""The accounts service, described: everything about it that others must know."""

from services.accounts import account
from services.accounts.commands import (
    AddLogin,
    CloseAccount,
    GiveGrant,
    OpenAccount,
    RemoveLogin,
    ResumeAccount,
    SuspendAccount,
    WithdrawGrant,
)
from services.accounts.french import REFUSALS, SENTENCES
from services.accounts.titles import TITLES
from services.vocabulary.accounts import STREAM
from services.vocabulary.reasons import OTHER_ROLE
from services.vocabulary.roles import BY_ADMINISTRATOR
from shared.description import ServiceDescription

NOT_A_FACT = "no indicator counts it: it is about who may enter, not about a participant"
COMMANDS = (OpenAccount, AddLogin, RemoveLogin, SuspendAccount, ResumeAccount, CloseAccount, GiveGrant, WithdrawGrant)

DESCRIPTION = ServiceDescription(
    name="accounts",
    nameko_service="services.accounts.service:Accounts",
    aggregates=(account.decider,),
    permissions=dict.fromkeys(COMMANDS, BY_ADMINISTRATOR),
    titles=TITLES,
    sentences=SENTENCES,
    refusals=REFUSALS,
    without_form=dict.fromkeys(COMMANDS, OTHER_ROLE),
    unread_events=dict.fromkeys(account.decider.event_types, NOT_A_FACT),
    programme_wide=True,
    inbox=False,
    streams=(STREAM,),
)
