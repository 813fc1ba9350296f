from tongban.journal.services import event


@event
class CalendarChanged:
    """The list of a year was published or put right: every date that rests on a day between `first` and `last` is computed again."""

    year: int
    first: str = ""
    last: str = ""


@event
class OfficerCertified:
    officer: int
    matter: str


@event
class AbsenceEntered:
    absence: int
    officer: int


@event
class AbsenceStruck:
    absence: int
    officer: int
