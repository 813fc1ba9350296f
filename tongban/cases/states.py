"""The law of the case: 22 states, 34 moves, who may make them (demo/states.yaml). A move that is not here is refused."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import Move, move


class CaseState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    PRE_REVIEW = "pre_review", _("In pre-review")
    PRE_REVIEW_RETURNED = "pre_review_returned", _("Returned by pre-review")
    RECEIVED = "received", _("Received")
    CORRECTION_REQUESTED = "correction_requested", _("Correction requested")
    NOT_ACCEPTED = "not_accepted", _("Not accepted")
    ACCEPTED = "accepted", _("Accepted")
    UNDER_REVIEW = "under_review", _("Under review")
    SITE_INSPECTION = "site_inspection", _("Site inspection")
    SUSPENDED = "suspended", _("Clock stopped")
    PUBLIC_NOTICE = "public_notice", _("Public notice")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    ISSUING = "issuing", _("Issuing")
    READY = "ready", _("Ready")
    DELIVERED = "delivered", _("Delivered")
    CLOSED = "closed", _("Closed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")
    TERMINATED = "terminated", _("Terminated")
    REVOKED = "revoked", _("Decision revoked")


S = CaseState

SHOWN_TO_APPLICANT = {
    S.DRAFT: _("Draft, not sent"),
    S.SUBMITTED: _("Sent, waiting to be looked at"),
    S.PRE_REVIEW: _("Being checked before acceptance"),
    S.PRE_REVIEW_RETURNED: _("Please change what is marked"),
    S.RECEIVED: _("Documents received, acceptance being decided"),
    S.CORRECTION_REQUESTED: _("Please supply what is listed"),
    S.NOT_ACCEPTED: _("Not accepted, reason given"),
    S.ACCEPTED: _("Accepted, promised date shown"),
    S.UNDER_REVIEW: _("Being reviewed"),
    S.SITE_INSPECTION: _("Being inspected on site"),
    S.SUSPENDED: _("Waiting for a step that does not count"),
    S.PUBLIC_NOTICE: _("Published for objections"),
    S.APPROVED: _("Approved, result being prepared"),
    S.REFUSED: _("Refused, reason and ways to appeal given"),
    S.ISSUING: _("Result being made"),
    S.READY: _("Result ready"),
    S.DELIVERED: _("Result received"),
    S.CLOSED: _("Finished"),
    S.WITHDRAWN: _("Withdrawn by you"),
    S.LAPSED: _("Closed because nothing was supplied in time"),
    S.TERMINATED: _("Stopped for a legal reason"),
    S.REVOKED: _("The decision was revoked"),
}

# Sets have names; pages and queries use them.
ENDED = {S.NOT_ACCEPTED, S.REFUSED, S.CLOSED, S.WITHDRAWN, S.LAPSED, S.TERMINATED, S.REVOKED}
WITH_APPLICANT = {S.PRE_REVIEW_RETURNED, S.CORRECTION_REQUESTED}
EDITABLE = {S.DRAFT} | WITH_APPLICANT
BEFORE_ACCEPTANCE = {S.SUBMITTED, S.PRE_REVIEW, S.RECEIVED}
IN_REVIEW = {S.ACCEPTED, S.UNDER_REVIEW, S.SITE_INSPECTION, S.SUSPENDED, S.PUBLIC_NOTICE}
WITHDRAWABLE = {S.DRAFT} | BEFORE_ACCEPTANCE | WITH_APPLICANT | IN_REVIEW
WITH_OFFICE = BEFORE_ACCEPTANCE | IN_REVIEW | {S.APPROVED, S.ISSUING}
GRANTED = {S.APPROVED, S.ISSUING, S.READY, S.DELIVERED, S.CLOSED}
OPEN = set(CaseState) - ENDED - {S.DRAFT}

CREATE = move(
    "create", (), S.DRAFT, by=("applicant", "agent", "window_officer", "kiosk"),
    guard="matter is published and open for this subject and region",
)  # fmt: skip
SUBMIT = move(
    "submit", S.DRAFT, S.SUBMITTED, by=("applicant", "agent", "kiosk"),
    guard="required fields valid, consents given, signature or face check done",
    clock="starts pre_review (promised 1 working day)", document="submission receipt",
)  # fmt: skip
HAND_IN = move(
    "hand_in", S.DRAFT, S.RECEIVED, by=("window_officer",), guard="identity checked at the window",
    clock="starts acceptance (5 working days)", document="receipt of materials",
)  # fmt: skip
PRE_REVIEW_START = move(
    "pre_review_start", S.SUBMITTED, S.PRE_REVIEW, by=("platform", "pre_reviewer"), guard="matter has pre-review"
)  # fmt: skip
SKIP_PRE_REVIEW = move(
    "skip_pre_review", S.SUBMITTED, S.RECEIVED, by=("platform",), guard="matter has no pre-review",
    clock="stops pre_review; starts acceptance",
)  # fmt: skip
PRE_REVIEW_PASS = move(
    "pre_review_pass", S.PRE_REVIEW, S.RECEIVED, by=("platform", "pre_reviewer"),
    guard="all checks pass or officer confirms", clock="stops pre_review; starts acceptance",
)  # fmt: skip
PRE_REVIEW_RETURN = move(
    "pre_review_return", S.PRE_REVIEW, S.PRE_REVIEW_RETURNED, by=("platform", "pre_reviewer"),
    guard="at least one finding with field, page, reason", clock="stops pre_review", document="pre-review notice",
)  # fmt: skip
RESUBMIT = move(
    "resubmit", S.PRE_REVIEW_RETURNED, S.SUBMITTED, by=("applicant", "agent"), guard="every finding answered",
    clock="restarts pre_review",
)  # fmt: skip
AUTO_ACCEPT = move(
    "auto_accept", S.RECEIVED, S.ACCEPTED, by=("platform",), guard="all acceptance rules pass",
    clock="stops acceptance; starts decision (promised and statutory)", document="notice of acceptance",
)  # fmt: skip
ACCEPT = move(
    "accept", S.RECEIVED, S.ACCEPTED, by=("window_officer",),
    guard="complete and in the right form, or commitment signed; officer certified for the matter",
    clock="stops acceptance; starts decision", document="notice of acceptance",
)  # fmt: skip
REQUEST_CORRECTION = move(
    "request_correction", S.RECEIVED, S.CORRECTION_REQUESTED, by=("window_officer", "supervisor"),
    guard="once by a window, lists everything; a second time by a supervisor only, and counted as a fault",
    clock="pauses acceptance; starts applicant_correction (30 calendar days)", document="correction notice",
)  # fmt: skip
CORRECT = move(
    "correct", S.CORRECTION_REQUESTED, S.RECEIVED, by=("applicant", "agent", "window_officer", "supervisor"),
    guard="all listed items supplied; or the office takes its request back",
    clock="stops applicant_correction; acceptance starts again at 5 working days",
)  # fmt: skip
LAPSE = move(
    "lapse", S.CORRECTION_REQUESTED, S.LAPSED, by=("platform",),
    guard="applicant_correction ran out after two reminders", clock="stops all", document="lapse notice",
)  # fmt: skip
DEEM_ACCEPTED = move(
    "deem_accepted", S.RECEIVED, S.ACCEPTED, by=("platform",), guard="5 working days over with neither notice",
    clock="decision starts counted from the day of receipt", document="notice of deemed acceptance",
)  # fmt: skip
NOT_ACCEPT = move(
    "not_accept", S.RECEIVED, S.NOT_ACCEPTED, by=("window_officer",),
    guard="not needed, or not within the authority (names the right one)", clock="stops acceptance",
    document="decision not to accept",
)  # fmt: skip
START_REVIEW = move(
    "start_review", S.ACCEPTED, S.UNDER_REVIEW, by=("platform", "dept_reviewer"),
    guard="routed to the department of the matter",
)  # fmt: skip
AUTO_APPROVE = move(
    "auto_approve", S.UNDER_REVIEW, S.APPROVED, by=("platform",),
    guard="matter is decided by rule, all rules pass, not drawn for sample check", clock="stops decision",
    document="decision document",
)  # fmt: skip
FALL_TO_PEOPLE = move(
    "fall_to_people", S.UNDER_REVIEW, S.UNDER_REVIEW, by=("platform",),
    guard="a rule fails or the sample check (demo 5 %) draws the case",
)  # fmt: skip
ORDER_INSPECTION = move(
    "order_inspection", S.UNDER_REVIEW, S.SITE_INSPECTION, by=("dept_reviewer",), guard="matter has site_inspection",
    clock="counts unless the law excludes it", document="inspection notice",
)  # fmt: skip
INSPECTION_DONE = move(
    "inspection_done", S.SITE_INSPECTION, S.UNDER_REVIEW, by=("inspector",),
    guard="two inspectors signed the record with place",
)  # fmt: skip
SUSPEND = move(
    "suspend", S.UNDER_REVIEW, S.SUSPENDED, by=("dept_reviewer",),
    guard="kind is hearing, bidding, auction, inspection or testing, quarantine, appraisal, expert review; planned days given",
    clock="pauses decision; starts special_procedure", document="special procedure notice",
)  # fmt: skip
RESUME = move(
    "resume", S.SUSPENDED, S.UNDER_REVIEW, by=("dept_reviewer", "platform"), guard="result entered",
    clock="stops special_procedure; decision goes on",
)  # fmt: skip
EXTEND = move(
    "extend", S.UNDER_REVIEW, S.UNDER_REVIEW, by=("dept_approver",),
    guard="once, before the limit, by at most 10 working days, reason given", clock="decision limit moves",
    document="extension notice",
)  # fmt: skip
PUBLISH_NOTICE = move(
    "publish_notice", S.UNDER_REVIEW, S.PUBLIC_NOTICE, by=("dept_reviewer",), guard="matter has public_notice",
    clock="counts", document="public notice",
)  # fmt: skip
NOTICE_OVER = move(
    "notice_over", S.PUBLIC_NOTICE, S.UNDER_REVIEW, by=("platform",), guard="days over; objections attached"
)  # fmt: skip
APPROVE = move(
    "approve", S.UNDER_REVIEW, S.APPROVED, by=("dept_approver",),
    guard="review opinion present; approver is not the reviewer", clock="stops decision", document="decision document",
)  # fmt: skip
REFUSE = move(
    "refuse", S.UNDER_REVIEW, S.REFUSED, by=("dept_approver",),
    guard="reason and legal ground; the applicant was heard when the law asks for it", clock="stops decision",
    document="refusal decision with appeal notice",
)  # fmt: skip
ISSUE = move(
    "issue", S.APPROVED, S.ISSUING, by=("platform", "issuing_officer"), guard="fee paid or not due",
    clock="starts issuance (10 working days at most)",
)  # fmt: skip
RESULT_READY = move(
    "result_ready", S.ISSUING, S.READY, by=("platform", "issuing_officer"),
    guard="e-licence signed and stored, paper printed when wanted", clock="stops issuance",
    document="collection notice",
)  # fmt: skip
DELIVER = move(
    "deliver", S.READY, S.DELIVERED, by=("platform", "issuing_officer", "courier", "locker"),
    guard="e-licence opened, code or identity checked, or post signed", document="proof of delivery",
)  # fmt: skip
CLOSE = move("close", S.DELIVERED, S.CLOSED, by=("platform",), guard="evaluation invited")
WITHDRAW = move(
    "withdraw", WITHDRAWABLE, S.WITHDRAWN, by=("applicant", "agent"), guard="before a decision", clock="stops all",
    document="withdrawal record",
)  # fmt: skip
TERMINATE = move(
    "terminate", {S.ACCEPTED, S.UNDER_REVIEW, S.SUSPENDED}, S.TERMINATED, by=("dept_approver",),
    guard="person died, company ended, or the object no longer exists", clock="stops all",
    document="termination notice",
)  # fmt: skip
REVOKE = move(
    "revoke", {S.CLOSED, S.DELIVERED}, S.REVOKED, by=("dept_approver",),
    guard="commitment found false, got by fraud, or decided beyond powers; the holder was heard",
    clock="e-licence becomes revoked", document="revocation decision",
)  # fmt: skip

MOVES: list[Move] = [
    CREATE, SUBMIT, HAND_IN, PRE_REVIEW_START, SKIP_PRE_REVIEW, PRE_REVIEW_PASS, PRE_REVIEW_RETURN, RESUBMIT, AUTO_ACCEPT,
    ACCEPT, REQUEST_CORRECTION, CORRECT, LAPSE, DEEM_ACCEPTED, NOT_ACCEPT, START_REVIEW, AUTO_APPROVE, FALL_TO_PEOPLE,
    ORDER_INSPECTION, INSPECTION_DONE, SUSPEND, RESUME, EXTEND, PUBLISH_NOTICE, NOTICE_OVER, APPROVE, REFUSE, ISSUE,
    RESULT_READY, DELIVER, CLOSE, WITHDRAW, TERMINATE, REVOKE,
]  # fmt: skip


class ClockKind(models.TextChoices):
    PRE_REVIEW = "pre_review", _("pre-review")
    ACCEPTANCE = "acceptance", _("acceptance decision")
    APPLICANT_CORRECTION = "applicant_correction", _("applicant supplies")
    DECISION_PROMISED = "decision_promised", _("decision, promised")
    DECISION_STATUTORY = "decision_statutory", _("decision, by law")
    SPECIAL_PROCEDURE = "special_procedure", _("excluded step")
    ISSUANCE = "issuance", _("issue and deliver")
    HEARING_REQUEST = "hearing_request", _("applicant asks for a hearing")
    HEARING_HOLD = "hearing_hold", _("hearing is held")
    COMMITMENT_CHECK = "commitment_check", _("check after approval on commitment")
    SUPPLY = "supply", _("papers that may follow later")


# who spends the time a clock counts (demo/states.yaml); an applicant's own limit never ends on a day off
CHARGED_TO = {
    "pre_review": "window",
    "acceptance": "window",
    "applicant_correction": "applicant",
    "decision_promised": "department",
    "decision_statutory": "department",
    "special_procedure": "nobody",
    "issuance": "issuing",
    "hearing_request": "applicant",
    "hearing_hold": "department",
    "commitment_check": "department",
    "supply": "applicant",
    "reconsideration": "applicant",
    "litigation": "applicant",
}

PRE_REVIEW_DAYS = 1  # promise of the demonstration district
ACCEPTANCE_DAYS = 5  # Administrative Licensing Law, art. 32
CORRECTION_CALENDAR_DAYS = 30  # demonstration district; no national figure
ISSUANCE_DAYS = 10  # Administrative Licensing Law, art. 44
EXTENSION_DAYS_AT_MOST = 10  # Administrative Licensing Law, art. 42
JOINT_EXTENSION_DAYS_AT_MOST = 15  # the same, where several departments handle it jointly

EXCLUDED_STEPS = ["hearing", "bidding", "auction", "inspection_testing", "quarantine", "appraisal", "expert_review"]
