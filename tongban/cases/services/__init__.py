"""The acts of a case, by what they are about. Each is one transaction; acts of officers take `officer`, of applicants `account`."""

from tongban.cases.moving import as_seen
from tongban.cases.services.at_window import (
    Signature,
    begin_at_window,
    begin_visit,
    confirm_by_phone,
    content_of,
    end_visit,
    may_prepare,
    send_code,
    take_over,
)
from tongban.cases.services.by_post import (
    begin_by_post,
    correct_by_post,
    hand_in_posted,
    may_register,
    may_type_in,
    note_call,
    register_paper,
)
from tongban.cases.services.conversing import answer, ask
from tongban.cases.services.correcting import (
    add_document,
    change_answer,
    recall_correction,
    remove_document,
    request_correction,
    undo_change,
)
from tongban.cases.services.deciding import approve, refuse, revoke, terminate
from tongban.cases.services.disputing import dispute
from tongban.cases.services.drafting import (
    attach,
    begin,
    choose_situation,
    commit_to,
    delete,
    detach,
    refresh_materials,
    save,
    see_paper,
    supply_later,
)
from tongban.cases.services.escalating import answer_escalation, escalate
from tongban.cases.services.helping import invite, stop, take
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
    resubmit,
    return_from_pre_review,
    start_pre_review,
    submit,
    withdraw,
)
from tongban.cases.services.issuing import hand_over, issue, open_result, result_ready
from tongban.cases.services.keeping_time import recount  # loading it enters the worker's duties
from tongban.cases.services.machine import ask_a_person, consider
from tongban.cases.services.pre_reviewing import it_is_right, look_over, offers, overrule, take_value
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
    "add_document", "change_answer", "recall_correction", "remove_document", "supply_later", "undo_change",
    "Signature", "accept", "answer", "answer_escalation", "answer_finding", "approve", "as_seen", "ask", "ask_a_person", "attach",
    "auto_accept", "begin", "begin_at_window", "begin_by_post", "begin_visit", "choose_situation", "claim",
    "commit_to", "conclude", "confirm_by_phone", "consider", "content_of", "correct", "correct_by_post",
    "deem_accepted", "delete", "detach", "dispute", "end_visit", "escalate", "extend", "hand_in", "hand_in_posted", "hand_over",
    "inspection_done", "it_is_right", "invite", "issue", "lapse", "may_prepare", "may_register", "may_type_in", "look_over", "not_accept", "note_call",
    "notice_over", "offers", "open_result", "order_inspection", "overrule", "pass_pre_review", "publish_notice", "recount",
    "refresh_materials", "refuse", "register_paper", "release", "request_correction", "resubmit", "result_ready",
    "resume", "return_from_pre_review", "revoke", "save", "see_paper", "send_code", "start_pre_review",
    "start_review", "stop", "submit", "suspend", "take_value", "take", "take_over", "terminate", "withdraw",
]  # fmt: skip
