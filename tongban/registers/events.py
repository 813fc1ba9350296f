from tongban.journal.services import event


@event
class DisputeOpened:
    dispute: int


@event
class DisputeMoved:
    """Taken by a steward, withdrawn by the person, or on its way into the register."""

    dispute: int
    move: str


@event
class DisputeAnswered:
    """The register was corrected, or it was not: `outcome` is corrected or upheld."""

    dispute: int
    outcome: str


@event
class ConsentGiven:
    consent: int


@event
class ConsentRevoked:
    consent: int
