"""Words of the errand: what a field or a document is called."""

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tongban.cases import rules
from tongban.cases.bundles import EVERY_PART_DECIDED
from tongban.lib.bilingual import say
from tongban.matters.models import MaterialType

register = template.Library()


@register.filter
def field_label(name: str, of) -> str:
    """The label of a form's field; of a row in a repeated group, the group's label."""
    asked = rules.form_of(of)
    head = str(name).split("-")[0]
    if head in asked:
        return say(asked[head].label)
    return str(name).removeprefix("material:")


@register.filter
def named(reason, label: str) -> str:
    """A reason that says by itself which answer it is about; else with the answer's label before it."""
    words = str(reason)
    return words if label in words else label + gettext(": ") + words


@register.filter
def material_label(slug: str) -> str:
    kind = MaterialType.objects.filter(slug=slug).first()
    return kind.shown_name if kind else slug


MOVE_WORDS = {
    "create": _("Begun at a window, in your name"),
    "submit": _("Application sent"),
    "hand_in": _("Handed in at a window"),
    "pre_review_start": _("Check before acceptance began"),
    "skip_pre_review": _("Received"),
    "pre_review_pass": _("Check before acceptance passed"),
    "pre_review_return": _("Given back before acceptance"),
    "resubmit": _("Sent again"),
    "auto_accept": _("Accepted"),
    "accept": _("Accepted"),
    "request_correction": _("Correction asked for"),
    "correct": _("Correction supplied"),
    "lapse": _("Closed: nothing was supplied in time"),
    "deem_accepted": _("Counts as accepted: the office was silent for 5 working days"),
    "not_accept": _("Not accepted"),
    "start_review": _("Review began"),
    "auto_approve": _("Granted by published rules"),
    "fall_to_people": _("Passed to people to decide"),
    "overrule_finding": _("What the machine noticed was overruled"),
    "move_over": _("Moved to the new version of the guide"),
    "order_inspection": _("Site inspection ordered"),
    "inspection_done": _("Site inspection done"),
    "plan_inspection": _("Day of the inspection set"),
    "wish_other_time": _("Another time for the inspection asked for"),
    "answer_objection": _("Objection to the public notice answered"),
    "suspend": _("Clock stopped for an excluded step"),
    "resume": _("Clock runs again"),
    "extend": _("Time limit extended"),
    "publish_notice": _("Public notice published"),
    "notice_over": _("Public notice over"),
    "approve": _("Granted"),
    "refuse": _("Refused"),
    "issue": _("Result is being made"),
    "result_ready": _("Result ready"),
    "deliver": _("Result delivered"),
    "close": _("Finished"),
    "withdraw": _("Withdrawn"),
    "staff_change": _("Staff put something right"),
    "undo_staff_change": _("What staff changed was undone"),
    "offer_hearing": _("A hearing was offered"),
    "ask_hearing": _("A hearing was asked for"),
    "decline_hearing": _("No hearing wanted"),
    "hearing_not_asked": _("Nobody asked for the hearing in time"),
    "invite_hearing": _("Day and place of the hearing were set"),
    "hold_hearing": _("The hearing was held"),
    "ask_opinion": _("Another department was asked for its opinion"),
    "give_opinion": _("The other department gave its opinion"),
    "supply_paper": _("A paper was supplied"),
    "paper_not_supplied": _("A paper did not come in time"),
    "decide_without_paper": _("It is decided without a paper"),
    "promise_kept": _("Checked: as promised"),
    "promise_put_right": _("Checked: something has to be put right"),
    "promise_false": _("Checked: the promise was false"),
    "appeal": _("Reconsideration was asked for"),
    "take_back_appeal": _("The request for reconsideration was taken back"),
    "appeal_upheld": _("Reconsideration: the decision stands"),
    "appeal_changed": _("Reconsideration: the decision is changed"),
    "terminate": _("Stopped for a legal reason"),
    "revoke": _("Decision revoked"),
}


@register.filter
def move_words(step) -> str:
    """One line of the history, in words. The whole of a bundle is granted with its last part: no rules decided it."""
    if step.move == "auto_approve" and step.reason == EVERY_PART_DECIDED:
        return gettext("Granted: every part is decided")
    return str(MOVE_WORDS.get(step.move, step.move))


TIME_PLACES = {
    "window": _("at the window"),
    "department": _("in the department"),
    "issuing": _("making the result"),
    "applicant": _("with you"),
    "not_counted": _("in a step that does not count"),
}


@register.filter
def time_place(place: str) -> str:
    """Where an application spends its time, as its applicant says it."""
    return str(TIME_PLACES.get(place, place))


VERDICT_WORDS = {
    "expired": _("it has expired"),
    "superseded": _("it was replaced by a newer one"),
    "revoked": _("it was revoked"),
    "cancelled": _("it was cancelled"),
    "not_yet_valid": _("it is not valid yet"),
    "item_suspended": _("a permit in it is suspended"),
    "item_ended": _("a permit in it that may be left out has ended"),
    "item_gone": _("a permit that it cannot do without has ended"),
    "key_withdrawn": _("its signing key was withdrawn; check again later"),
    "bad_signature": _("the seal does not fit"),
    "altered": _("it was changed after it was signed"),
    "malformed": _("what is signed cannot be read"),
    "unknown_key": _("it was signed by nobody we know"),
    "key_not_valid_then": _("it was signed when the key did not hold"),
    "other_issuer": _("the key that signed it belongs to another authority or another type of licence"),
    "put_together": _("its address and its signature do not belong together"),
}


@register.filter
def verdict_words(reason) -> str:
    """Why a licence is not valid."""
    return str(VERDICT_WORDS.get(reason, ""))
