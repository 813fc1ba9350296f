from tongban.journal.services import event


@event
class DraftBegun:
    case: int


@event
class CaseSubmitted:
    case: int


@event
class CaseHandedIn:
    case: int


@event
class CaseClaimed:
    case: int
    officer: int


@event
class CaseMoved:
    """Any move that has no event of its own."""

    case: int
    move: str
    source: str
    target: str


@event
class PreReviewReturned:
    case: int


@event
class CorrectionRequested:
    case: int
    round: int


@event
class CaseCorrected:
    case: int


@event
class CaseAccepted:
    case: int
    deemed: bool


@event
class CaseNotAccepted:
    case: int


@event
class CaseReviewed:
    case: int
    officer: int


@event
class CasePassedToPeople:
    case: int
    reason: str


@event
class CaseDecided:
    case: int
    outcome: str
    by_machine: bool


@event
class CaseReady:
    case: int


@event
class CaseDelivered:
    case: int


@event
class CaseClosed:
    case: int


@event
class CaseEnded:
    """Withdrawn, lapsed, terminated or revoked."""

    case: int
    state: str


@event
class QuestionAsked:
    case: int
    question: int


@event
class QuestionAnswered:
    case: int
    question: int


@event
class CaseDatesChanged:
    """The promised or statutory date moved: an extension, a pause, or a calendar that was published."""

    case: int
    why: str


@event
class LimitBroughtUp:
    """A limit came near (yellow) or passed (red, black) and was brought before whoever must answer."""

    case: int
    level: str


@event
class LimitAnswered:
    case: int
    escalation: int


@event
class MachineFindingAnswered:
    """The applicant says that what the machine noticed is right as it is."""

    case: int
    finding: int


@event
class MachineFindingOverruled:
    """An officer sets aside what the machine noticed; the reason stands with the finding."""

    case: int
    finding: int
    officer: int


@event
class ValueTakenFromPaper:
    """The applicant took a value that was read from an upload into the form."""

    case: int
    document: int
    field: str


@event
class VisitBegun:
    """Somebody stands at a window, compared with their document."""

    visit: int
    person: int


@event
class VisitEnded:
    visit: int


@event
class HelperInvited:
    """The applicant has a code for one helper."""

    case: int
    hand: int


@event
class HandTaken:
    """An officer at a window or a helper begins to prepare the application."""

    case: int
    hand: int


@event
class HandEnded:
    """`by` is the person or the helper."""

    case: int
    hand: int
    by: str


@event
class SignatureCodeSent:
    case: int


@event
class PaperRegistered:
    """Paper came by post; `what` is an application, a correction or a further paper."""

    case: int
    paper: int
    what: str


@event
class CallNoted:
    case: int
    note: int


@event
class CorrectionRecalled:
    """The office takes its request back before it was answered."""

    case: int


@event
class SecondCorrection:
    """Asked for correction a second time: a fault of the office, though it may be needed."""

    case: int
    request: int


@event
class StaffChanged:
    """Staff changed something in what the applicant handed in."""

    case: int
    change: int


@event
class StaffChangeUndone:
    case: int
    change: int


@event
class PromiseChosen:
    """The applicant wants the decision on a signed promise."""

    case: int


@event
class PromiseLeft:
    case: int


@event
class PromiseToCheck:
    """Granted on a promise: the department looks afterwards, by `due` at the latest."""

    case: int
    promise: int
    due: str


@event
class PromiseChecked:
    """`found`: kept, put_right or false."""

    case: int
    promise: int
    found: str


@event
class PromiseBroken:
    """The decision was revoked because the promise was false."""

    case: int
    promise: int


@event
class PaperTolerated:
    """Accepted though a paper is missing; it may follow by `due`."""

    case: int
    due: str


@event
class ToleratedPaperSettled:
    """`how`: supplied, late or waived."""

    case: int
    tolerance: int
    how: str


@event
class HearingOffered:
    case: int
    hearing: int


@event
class HearingAsked:
    case: int
    hearing: int


@event
class HearingInvited:
    case: int
    hearing: int


@event
class HearingOver:
    """Held, or nobody asked for it."""

    case: int
    hearing: int
    state: str


@event
class OpinionAsked:
    case: int
    consultation: int
    department: str


@event
class OpinionGiven:
    case: int
    consultation: int


@event
class AppealAsked:
    case: int
    appeal: int


@event
class AppealOver:
    """Upheld, changed or withdrawn."""

    case: int
    appeal: int
    state: str
