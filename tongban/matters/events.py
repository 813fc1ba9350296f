from tongban.journal.services import event


@event
class MatterPublished:
    """A new version of a matter's guide is in force; cases begun before keep theirs."""

    matter: int
    version: int


@event
class DraftTakenUp:
    """Somebody began to edit a matter: a draft version stands beside the one in force."""

    matter: int
    version: int


@event
class DraftMoved:
    """A draft was sent to be checked, given back, passed for a later day, called back or discarded. `move` says which."""

    matter: int
    version: int
    move: str


@event
class TypeMoved:
    """A kind of document or licence was drafted, sent to be checked, given back, put in force or discarded. `move` says which."""

    draft: int
    sort: str
    slug: str
    move: str


@event
class MatterRetiring:
    """It was decided that a matter ends on a day, or that it does not. `move`: asked, confirmed, taken_back."""

    matter: int
    move: str


@event
class MatterRetired:
    """A matter has ended: nobody can begin it any more, its guide says so and leads on. Running cases go on."""

    matter: int
    version: int
