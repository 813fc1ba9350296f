from tongban.journal.services import event


@event
class ExportAsked:
    export: int


@event
class ExportReady:
    export: int


@event
class ExportFetched:
    export: int


@event
class ReviewAsked:
    review: int


@event
class ReviewAnswered:
    review: int
    outcome: str
