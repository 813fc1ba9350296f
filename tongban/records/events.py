from tongban.journal.services import event


@event
class HoldPlaced:
    case: int
    hold: int
    why: str


@event
class HoldLifted:
    case: int
    hold: int


@event
class DestructionProposed:
    destruction: int
    listed: int


@event
class DestructionConfirmed:
    destruction: int


@event
class DestructionDropped:
    destruction: int


@event
class DestructionDone:
    """Everything on a list was looked at: so many were made anonymous, so many left out."""

    destruction: int
    anonymised: int
    left_out: int


@event
class CaseHandedOver:
    """The archive's receipt for the package of an application."""

    case: int
    handover: int
    receipt: str


@event
class CaseAnonymised:
    """Its time is over: nothing in it names anybody any more."""

    case: int
    destruction: int
