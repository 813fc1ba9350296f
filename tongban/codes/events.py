"""What can have happened to codes, venues, orders, passes and inspections: ids only."""

from tongban.journal.services import event

# -- emergency orders and statuses under them


@event
class OrderProposed:
    order: int


@event
class OrderPutInForce:
    order: int


@event
class OrderDropped:
    order: int


@event
class OrderLifted:
    order: int


@event
class StatusProposed:
    proposal: int
    persons: int


@event
class StatusListSigned:
    proposal: int


@event
class StatusProposalDropped:
    proposal: int


@event
class StatusDecided:
    proposal: int
    persons: int


@event
class StatusNoticeHandedOver:
    status: int


@event
class StatusAppealed:
    status: int


@event
class StatusAppealAnswered:
    status: int
    lifted: bool


# -- venue codes


@event
class VenueRegistered:
    venue: int
    case: int


@event
class VenueSuspended:
    venue: int


@event
class VenueResumed:
    venue: int


@event
class VenueGivenUp:
    venue: int


@event
class PosterHung:
    venue: int
    poster: int


@event
class PosterReplaced:
    venue: int
    poster: int
    instead_of: int


@event
class PosterTakenDown:
    venue: int
    poster: int


@event
class EntranceControlled:
    venue: int
    entrance: int
    control: str


@event
class VenueSettled:
    venue: int


@event
class WorkerInvited:
    venue: int
    worker: int


@event
class WorkerAgreed:
    venue: int
    worker: int


@event
class WorkerLeft:
    venue: int
    worker: int
    by_manager: bool


@event
class EntryRulePublished:
    rule: int


@event
class EntryRuleWithdrawn:
    rule: int


@event
class PosterReported:
    report: int


@event
class VenueReportClosed:
    report: int


@event
class VisitsRead:
    order: int
    day: str
    visits: int


@event
class DayKeysDestroyed:
    days: str


# -- devices of readers


@event
class EnrolmentOpened:
    reader: int


@event
class DeviceEnrolled:
    key: int


@event
class DeviceKeyReplaced:
    key: int
    by: int


@event
class DeviceKeyRevoked:
    key: int


# -- identity codes


@event
class SceneChanged:
    draft: int
    act: str


@event
class ReaderChanged:
    reader: int
    act: str


@event
class PaperCodeMade:
    code: int


@event
class PaperCodeEnded:
    code: int
    why: str


# -- health passes


@event
class SignersLoaded:
    trust_list: int
    signers: int


@event
class SignersTrusted:
    trust_list: int
    instead_of: int | None


@event
class SignersDropped:
    trust_list: int


@event
class PassKept:
    kept_pass: int


@event
class PassForgotten:
    kept_pass: int


# -- inspections of venues


@event
class VenueDrawn:
    visit: int
    again: bool


@event
class WorkerChecked:
    visit: int
    check: int


@event
class VenueVisited:
    visit: int


@event
class FindingAnswered:
    finding: int


@event
class FindingGivenBack:
    finding: int


@event
class FindingEscalated:
    finding: int


@event
class FindingClosed:
    finding: int
