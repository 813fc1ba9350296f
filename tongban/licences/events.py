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
