"""The acts of a case, by what they are about. Each is one transaction; acts of officers take `officer`, of applicants `account`."""

from tongban.cases.moving import as_seen
from tongban.cases.services import batching as batching  # loading it enters the worker's errands
from tongban.cases.services import carrying as carrying
from tongban.cases.services import form_actions as form_actions
from tongban.cases.services import together as together
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
from tongban.cases.services.billing import owes, set_fee
from tongban.cases.services.bundling import choose as choose_about_part
from tongban.cases.services.bundling import release_early
from tongban.cases.services.by_post import (
    begin_by_post,
    correct_by_post,
    hand_in_posted,
    may_register,
    may_type_in,
    note_call,
    register_paper,
)
from tongban.cases.services.colleagues import change_note, notes_of, pin_note, see_mentions, write_note
from tongban.cases.services.committing import check as check_promise
from tongban.cases.services.committing import choose as choose_promise
from tongban.cases.services.committing import leave as leave_promise
from tongban.cases.services.committing import true_after_all
from tongban.cases.services.consulting import ask_opinion, give_opinion, recall_opinion
from tongban.cases.services.conversing import answer, ask, is_open, read_by_applicant, read_by_office
from tongban.cases.services.correcting import (
    add_document,
    change_answer,
    recall_correction,
    remove_document,
    request_correction,
    undo_change,
)
from tongban.cases.services.deciding import approve, refuse, revoke, terminate
from tongban.cases.services.deleting import delete
from tongban.cases.services.desks import (
    begin_with,
    delete_view,
    keep_label,
    put_on,
    rename_view,
    retire_label,
    save_view,
    take_off,
    use_keys,
)
from tongban.cases.services.disputing import dispute
from tongban.cases.services.drafting import (
    attach,
    begin,
    choose_situation,
    commit_to,
    detach,
    extend_draft,
    refresh_materials,
    save,
    see_paper,
    supply_later,
)
from tongban.cases.services.escalating import answer_escalation, escalate
from tongban.cases.services.hearing import ask as ask_hearing
from tongban.cases.services.hearing import decline as decline_hearing
from tongban.cases.services.hearing import hold as hold_hearing
from tongban.cases.services.hearing import invite as invite_to_hearing
from tongban.cases.services.hearing import offer as offer_hearing
from tongban.cases.services.hearing import offer_before_revoking
from tongban.cases.services.helping import invite, say_it_is_ready, stop, take
from tongban.cases.services.inspecting import (
    add_photo,
    note_inspection,
    plan_inspection,
    platform_order,
    sign_inspection,
    wish_other_time,
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
    resubmit,
    return_from_pre_review,
    start_pre_review,
    submit,
    withdraw,
)
from tongban.cases.services.issuing import hand_over, issue, open_result, result_ready
from tongban.cases.services.keeping_procedures import end_hearings_nobody_asked_for  # the same
from tongban.cases.services.keeping_time import recount  # loading it enters the worker's duties
from tongban.cases.services.lettering import reissue
from tongban.cases.services.machine import ask_a_person, consider
from tongban.cases.services.passing_on import give_back, pass_on, recall, take_passed
from tongban.cases.services.passing_on import take_over as take_over_desk
from tongban.cases.services.pre_reviewing import it_is_right, look_over, offers, overrule, take_value
from tongban.cases.services.publishing import (
    answer_objection,
    notice_over,
    object_to,
    publish_notice,
    take_objection_back,
)
from tongban.cases.services.reconsidering import appeal, judge, note_court, take_back
from tongban.cases.services.reviewing import (
    claim,
    conclude,
    extend,
    order_inspection,
    release,
    resume,
    start_review,
    suspend,
)
from tongban.cases.services.tolerating import supply, waive

__all__ = [
    "begin_with", "change_note", "delete_view", "give_back", "keep_label", "notes_of", "pass_on", "pin_note", "put_on", "recall", "rename_view", "say_it_is_ready",
    "retire_label", "save_view", "see_mentions", "take_off", "take_over_desk", "take_passed", "use_keys", "write_note",
    "appeal", "ask_hearing", "ask_opinion", "check_promise", "choose_promise", "decline_hearing", "end_hearings_nobody_asked_for",
    "appeal", "ask_hearing", "ask_opinion", "check_promise", "choose_promise", "extend_draft", "is_open", "read_by_applicant", "read_by_office", "reissue", "decline_hearing", "end_hearings_nobody_asked_for",
    "give_opinion", "hold_hearing", "invite_to_hearing", "judge", "leave_promise", "note_court", "offer_before_revoking",
    "offer_hearing", "recall_opinion", "supply", "take_back", "true_after_all", "waive",
    "add_document", "change_answer", "recall_correction", "remove_document", "supply_later", "undo_change",
    "Signature", "accept", "answer", "answer_escalation", "answer_finding", "approve", "as_seen", "ask", "ask_a_person", "attach",
    "auto_accept", "begin", "begin_at_window", "begin_by_post", "begin_visit", "choose_about_part", "choose_situation", "claim",
    "commit_to", "conclude", "confirm_by_phone", "consider", "content_of", "correct", "correct_by_post",
    "deem_accepted", "delete", "detach", "dispute", "end_visit", "escalate", "extend", "hand_in", "hand_in_posted", "hand_over",
    "add_photo", "answer_objection", "note_inspection", "object_to", "plan_inspection", "platform_order", "sign_inspection",
    "take_objection_back", "wish_other_time", "it_is_right", "invite", "issue", "lapse", "may_prepare", "may_register", "may_type_in", "look_over", "not_accept", "note_call",
    "notice_over", "offers", "open_result", "owes", "order_inspection", "overrule", "pass_pre_review", "publish_notice", "recount",
    "refresh_materials", "refuse", "register_paper", "release", "release_early", "request_correction", "resubmit", "result_ready",
    "resume", "return_from_pre_review", "revoke", "save", "see_paper", "send_code", "set_fee", "start_pre_review",
    "start_review", "stop", "submit", "suspend", "take_value", "take", "take_over", "terminate", "withdraw",
]  # fmt: skip
