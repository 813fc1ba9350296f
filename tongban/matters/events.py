from tongban.journal.services import event


@event
class MatterPublished:
    """A new version of a matter's guide is in force; cases begun before keep theirs."""

    matter: int
    version: int
