from tongban.journal.services import event


@event
class CalendarChanged:
    """The list of a year was published or put right: every date that rests on it is computed again."""

    year: int


@event
class OfficerCertified:
    officer: int
    matter: str
