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
class MemberReceived:
    """A member of a bundle has become a case of its own, in its department."""

    case: int
    bundle: int


@event
class BundleChoiceAsked:
    """An optional part was refused: the applicant says whether to go on without it or to wait for a new decision."""

    case: int
    member: int


@event
class BundleChoiceMade:
    case: int
    member: int
    choice: str


@event
class BundleMemberDropped:
    """The whole goes on without this part; `why` is the state in which it ended, or `time` when nobody chose."""

    case: int
    member: int
    why: str


@event
class BundleMemberReleased:
    """The applicant wants this result before the others."""

    case: int
    member: int


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
class DraftCarried:
    """The person lets a second device of their own into this draft."""

    case: int
    carried: int


@event
class CarryingEnded:
    """`why`: here, there, again (the code was used twice), number (wrong three times), replaced, sent."""

    case: int
    carried: int
    why: str


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


@event
class SignerAsked:
    """Somebody named in the application is asked to sign it beside the applicant."""

    case: int
    signer: int


@event
class SignerSigned:
    case: int
    signer: int


@event
class SignerDeclined:
    case: int
    signer: int


@event
class SignatureUndone:
    """The application was changed after this signature: it must be signed again."""

    case: int
    signer: int


@event
class SignerReminded:
    case: int
    signer: int


@event
class SignerLapsed:
    case: int
    signer: int


@event
class InspectionPlanned:
    """Day, hour and the two inspectors are known; `again`: another day than was told before."""

    case: int
    inspection: int
    at: str
    again: bool


@event
class InspectionRecorded:
    """Something was written, photographed or signed on the spot."""

    case: int
    inspection: int
    what: str


@event
class InspectionDone:
    """Two inspectors signed the same record."""

    case: int
    inspection: int
    finding: str


@event
class PublicNoticePublished:
    case: int
    notice: int
    until: str


@event
class PublicObjectionMade:
    case: int
    objection: int


@event
class PublicObjectionAnswered:
    case: int
    objection: int
    followed: bool


@event
class CasesCompared:
    """An officer laid two applications side by side and said whether the later one is a duplicate."""

    case: int
    earlier: int
    duplicate: bool


@event
class OneMoreAsked:
    """A party explained why it needs one more application than the matter takes."""

    one_more: int


@event
class OneMoreAnswered:
    one_more: int
    allowed: bool


@event
class CaseMovedOver:
    """An application that was not accepted yet goes on under the version in force, on purpose; its applicant was told why."""

    case: int
    before: int
    version: int


@event
class BusinessEnded:
    """A business was closed with everything it held."""

    case: int
    company: int
    permits: int


@event
class BatchAsked:
    batch: int
    act: str
    cases: int


@event
class BatchBegun:
    batch: int
    act: str
    cases: int
    second: int | None


@event
class BatchRefused:
    batch: int


@event
class BatchLapsed:
    batch: int


@event
class BatchEnded:
    """`stopped`: somebody stopped it, or took it back, before its end."""

    batch: int
    done: int
    failed: int
    stopped: bool


@event
class BatchFetched:
    batch: int


@event
class CaseDoneInBatch:
    """Beside the act's own event: that it was done as one of many, and who confirmed the list."""

    case: int
    batch: int
    act: str
    second: int | None


@event
class PackageMoved:
    """A package of results on paper came to a state: chosen, being prepared, waiting, in a locker, on its way, handed over, unclaimed."""

    case: int
    delivery: int
    state: str
    way: str


@event
class PackageReminded:
    """It waits for the so manieth day."""

    case: int
    delivery: int
    day: int


@event
class ParcelSeen:
    """A courier said where a parcel is; said for the first time."""

    case: int
    delivery: int
    kind: str


@event
class ResultsCollected:
    """Somebody took results at a window; `left` is how many of the package are still there."""

    case: int
    delivery: int
    collection: int
    left: int


@event
class LetterReissued:
    """A letter was made again; the first stays and names the one in its place."""

    case: int
    reissue: int


@event
class ReadyAnswersChanged:
    """The coordinating office changed what a department answers with."""

    department: int


@event
class CircularMoved:
    """A message to many was asked for, confirmed, paused, stopped or finished."""

    circular: int
    move: str


@event
class CaseLabelled:
    """A label of a department was put on (`on`) or taken off; the applicant's pages say nothing of it."""

    case: int
    label: int
    on: bool


@event
class StaffNoteWritten:
    """A note among colleagues was written or changed."""

    case: int
    note: int


@event
class CaseHeldOut:
    case: int
    giver: int
    taker: int


@event
class CaseNotTaken:
    """A case that was held out stays where it is: given back, or taken back."""

    case: int
    officer: int


@event
class CaseTakenOver:
    """From the desk of somebody who is not there."""

    case: int
    giver: int
    officer: int
