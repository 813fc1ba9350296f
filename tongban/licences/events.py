from tongban.journal.services import event


@event
class LicenceIssued:
    licence: int
    decision: str


@event
class LicenceSealed:
    licence: int
    decision: str


@event
class LicenceStateChanged:
    licence: int
    state: str


@event
class PermitStateChanged:
    """A merged permit that is no e-licence of its own; `whole` is the edition that lists it."""

    item: int
    whole: int
    state: str


@event
class ProceedingOpened:
    licence: int
    proceeding: int


@event
class ProceedingAnswered:
    licence: int
    proceeding: int


@event
class ProceedingEnded:
    licence: int
    proceeding: int
    state: str


# -- what the holder does with it


@event
class LicenceShown:
    """The first of the codes of one showing; those that follow it every minute are not told of."""

    licence: int
    presentation: int


@event
class LicenceShared:
    licence: int
    presentation: int


@event
class LicencePrinted:
    licence: int
    presentation: int


@event
class PresentationEnded:
    licence: int
    presentation: int


@event
class LicenceAuthorised:
    licence: int
    authority: int


@event
class AuthorityEnded:
    licence: int
    authority: int


@event
class LicenceOpenedAtOffice:
    licence: int
    authority: int
    call: int


@event
class FaceReported:
    licence: int
    report: int


@event
class FaceReportAnswered:
    licence: int
    report: int
    outcome: str


@event
class KeyWithdrawalAsked:
    """An officer says a signing key is no longer trusted; another one has to confirm."""

    withdrawal: int


@event
class KeyWithdrawalDropped:
    withdrawal: int


@event
class KeyWithdrawn:
    """From now on nothing it signed is believed without asking again."""

    withdrawal: int


@event
class KeyMadeGood:
    """Every licence the withdrawn key had signed is signed anew."""

    withdrawal: int


@event
class CredentialIssued:
    """A copy of a licence was put into a wallet or a file."""

    licence: int
    credential: int


@event
class CredentialEnded:
    licence: int
    credential: int


@event
class CredentialShown:
    """A holder showed a licence from a wallet to an officer who had asked."""

    licence: int
    request: int
