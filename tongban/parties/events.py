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
class ProofingAnswered:
    """The applicant has sent a picture of the document, or put right what was typed: `what` says which."""

    account: int
    proofing: int
    what: str


@event
class ProofingAskedAgain:
    """An officer could not compare yet; what is wrong stands in the proofing."""

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
    left: bool = False  # by the clerk's own hand


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


@event
class MandateAsked:
    """Somebody would like to act for the principal, who says yes or no on the own account."""

    mandate: int


@event
class MandateGranted:
    mandate: int


@event
class MandateDeclined:
    mandate: int


@event
class MandateOver:
    """Taken back, given back or run out: from this moment the agent does nothing more for the principal."""

    mandate: int
    state: str


@event
class BondFound:
    """The family register says that one is the parent of the other."""

    kinship: int


@event
class BondClaimed:
    kinship: int


@event
class BondDecided:
    kinship: int
    confirmed: bool


@event
class BondObjected:
    kinship: int


@event
class BondEnded:
    kinship: int
    why: str


@event
class ClerkRightsChanged:
    membership: int
    company: int
    person: int


@event
class RepresentativeChanged:
    """The business register names another legal representative."""

    company: int
    person: int


@event
class DeathNoted:
    """From the day of death nobody acts for the person any more, and the person for nobody."""

    person: int


@event
class ActedForSomebody:
    """Somebody did something for the principal, who is told."""

    deed: int


@event
class MandateQuestion:
    """Somebody asked by details, or tried a code that does not hold: counted, so that nobody tries many."""

    account: int


@event
class CompanyChanged:
    """The registered name or address; `reference` names the decision."""

    company: int
    fields: list[str]
    reference: str


@event
class CompanyClosed:
    company: int
    reference: str


@event
class SamenessJudged:
    """Two records were looked at: `what` is told apart, proposed, joined or parted."""

    sameness: int
    one: int
    other: int
    what: str


@event
class SessionsEnded:
    """Whoever keeps the machine ended sessions: of one account, or of all (`account` is empty then)."""

    account: int | None
    sessions: int
