"""The acts of a case, by what they are about. Each is one transaction; acts of officers take `officer`, of applicants `account`."""

from tongban.cases.moving import as_seen
from tongban.cases.services.conversing import answer, ask
from tongban.cases.services.deciding import approve, refuse, revoke, terminate
from tongban.cases.services.drafting import (
    attach,
    begin,
    choose_situation,
    commit_to,
    delete,
    detach,
    refresh_materials,
    save,
)
from tongban.cases.services.intake import (
    accept,
    answer_finding,
    auto_accept,
    correct,
    deem_accepted,
    hand_in,
    lapse,
    not_accept,
    pass_pre_review,
    request_correction,
    resubmit,
    return_from_pre_review,
    start_pre_review,
    submit,
    withdraw,
)
from tongban.cases.services.issuing import hand_over, issue, open_result, result_ready
from tongban.cases.services.keeping_time import recount  # loading it enters the worker's duties
from tongban.cases.services.machine import ask_a_person, consider
from tongban.cases.services.reviewing import (
    claim,
    conclude,
    extend,
    inspection_done,
    notice_over,
    order_inspection,
    publish_notice,
    release,
    resume,
    start_review,
    suspend,
)

__all__ = [
    "accept", "answer", "answer_finding", "approve", "as_seen", "ask", "ask_a_person", "attach", "auto_accept", "begin",
    "choose_situation", "claim", "commit_to", "conclude", "consider", "correct", "deem_accepted", "delete", "detach",
    "extend", "hand_in", "hand_over", "inspection_done", "issue", "lapse", "not_accept", "notice_over", "open_result",
    "order_inspection", "pass_pre_review", "publish_notice", "recount", "refresh_materials", "refuse", "release",
    "request_correction", "result_ready", "resubmit", "resume", "return_from_pre_review", "revoke", "save",
    "start_pre_review", "start_review", "submit", "suspend", "terminate", "withdraw",
]  # fmt: skip
