"""The codes of webhooks, with what people read for them."""

from shared.coded_value import CodedValue


class StopReason(CodedValue):
    """Why nothing is sent any more until the owner resumes."""

    GONE = "GONE", "le destinataire dit qu’il n’existe plus"
    EXHAUSTED = "EXHAUSTED", "le destinataire n’a pas répondu comme il faut, à aucune des tentatives"
