from tongban.journal.services import event


@event
class AccountRegistered:
    account: int


@event
class IdentityProved:
    """The account is now bound to this person."""

    account: int
    person: int
    proofing: int
    level: int


@event
class IdentityNotProved:
    """An attempt that led nowhere: not matching, or the register did not answer."""

    account: int
    proofing: int
    outcome: str


@event
class ProofingHandedOver:
    """A person has to compare the document, within one working day."""

    account: int
    proofing: int


@event
class ProofingDecided:
    account: int
    proofing: int
    proved: bool


@event
class PresenceConfirmed:
    """The person behind the account was there just now: by face, or at a window."""

    account: int
    person: int
    method: str


@event
class MemberNamed:
    person: int
    company: int
    role: str


@event
class MembershipEnded:
    person: int
    company: int


@event
class LanguageChosen:
    account: int
    language: str


@event
class MobileChanged:
    person: int


@event
class ContactChanged:
    """Address or bank account, by whoever they belong to."""

    party: int


@event
class ObjectionChanged:
    account: int
    processing: str
    objects: bool


@event
class AccountClosed:
    """The sign-in and what only served it were erased; what must be kept stays with its dates."""

    account: int


@event
class ComparedAtWindow:
    """An officer compared somebody with the document shown; `proof` says what else spoke for it."""

    person: int
    proof: str
