from tongban.journal.services import event


@event
class RatingInvited:
    case: int


@event
class CaseRated:
    case: int
    rating: int
    grade: int


@event
class FollowUpOpened:
    follow_up: int
    rating: int


@event
class FollowUpMoved:
    follow_up: int
    move: str
