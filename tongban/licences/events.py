from tongban.journal.services import event


@event
class LicenceIssued:
    licence: int
    decision: str


@event
class LicenceSealed:
    licence: int
    decision: str


@event
class LicenceStateChanged:
    licence: int
    state: str


@event
class PermitStateChanged:
    """A merged permit that is no e-licence of its own; `whole` is the edition that lists it."""

    item: int
    whole: int
    state: str


@event
class ProceedingOpened:
    licence: int
    proceeding: int


@event
class ProceedingAnswered:
    licence: int
    proceeding: int


@event
class ProceedingEnded:
    licence: int
    proceeding: int
    state: str
