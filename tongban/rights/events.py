from tongban.journal.services import event


@event
class ExportAsked:
    export: int


@event
class ExportReady:
    export: int


@event
class ExportFailed:
    """It could not be made; whoever asked is told and may ask again."""

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
