from tongban.journal.services import event


@event
class LookedWithoutCase:
    look: int


@event
class LookWasSeen:
    look: int
    verdict: str


@event
class SecondPersonAsked:
    allowance: int


@event
class SecondPersonDecided:
    allowance: int
    granted: bool


@event
class ReadQuestioned:
    question: int


@event
class ReadQuestionAnswered:
    question: int
    verdict: str


@event
class AlertRaised:
    alert: int
    kind: str


@event
class ListExported:
    department: str
    rows: int
    allowed_by: int | None
