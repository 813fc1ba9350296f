"""What people are told about a code: why it was not accepted, and what each field of a scene is called."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Why(NamedTuple):
    """What a guard reads aloud, and what to do next."""

    sentence: Promise | str
    next_step: Promise | str


ASK_FOR_NEW = _("Ask for the code that is on the phone now.")
SEND_TO_DESK = _("Let the person identify themselves in another way, for example with an identity card.")

REASONS: dict[str, Why] = {
    "not_ours": Why(_("This is not an identity code of ours."), _("Ask for the identity code, not for another picture.")),
    "unreadable": Why(_("The code could not be read to its end, or it was changed."), _("Clean the glass and scan again.")),
    "unknown_key": Why(_("Nobody here has signed this code."), SEND_TO_DESK),
    "altered": Why(_("This code was forged or changed."), SEND_TO_DESK),
    "withdrawn_key": Why(_("Codes of this key are not accepted any more."), ASK_FOR_NEW),
    "not_yet": Why(_("This code is from the future: the clock of the phone or of this device is wrong."), _("Wait a moment and scan again; if it stays so, set the clock.")),
    "expired": Why(_("This code is too old. It may be a screenshot."), ASK_FOR_NEW),
    "paper_expired": Why(_("The 180 days of this paper code are over."), _("A new paper is made online by the family or at any window.")),
    "used": Why(_("This code was used here already. It may be a screenshot."), _("Wait until the code on the phone changes, then scan it.")),
    "lost": Why(_("This paper code was reported lost."), _("Keep the paper if you can and compare the person with their identity card.")),
    "ended": Why(_("This code does not hold any more."), _("Ask the person to open their code again.")),
    "right_ended": Why(_("Whoever shows this code may not act for this person or company any more."), SEND_TO_DESK),
    "wrong_kind": Why(_("This kind of code is not taken here."), _("Ask for the person's own code.")),
    "other_gate": Why(_("This code answers another gate."), _("Let the phone scan the question that this gate shows.")),
    "answer_needed": Why(_("This gate asks first."), _("Let the phone scan the question that this gate shows.")),
    "see_staff": Why(_("A paper code is compared with the face by somebody who stands there."), _("Please go to the desk beside the gate.")),
    "trial": Why(_("This is a trial code. It opens nothing."), ASK_FOR_NEW),
    "bundle_over": Why(_("This gate has not reached the platform for a day and does not guess."), SEND_TO_DESK),
    "ask_staff": Why(_("This gate cannot reach the platform, which alone knows what is asked here."), SEND_TO_DESK),
    "too_often": Why(_("This code was shown at too many places within a minute."), SEND_TO_DESK),
    "not_trial": Why(_("Only trial codes are read here, so nobody’s real code is looked at."), _("Use the trial code of this page.")),
    "question": Why(_("This is the question of a gate, not a code of a person."), _("Scan it with the phone that has the code.")),
}  # fmt: skip


FIELDS: dict[str, Promise] = {
    "name": _("Name"),
    "masked_name": _("Name, partly covered"),
    "masked_id": _("Identity number, partly covered"),
    "id_kind": _("Kind of document"),
    "portrait": _("Photograph"),
    "alias": _("Number at this operator"),
    "of_age": _("18 or over"),
    "elderly": _("60 or over"),
    "student": _("Student"),
    "insured": _("Social insurance"),
    "colour": _("Health colour"),
    "test": _("Latest test"),
    "company_name": _("Company"),
    "company_status": _("In business"),
    "uscc": _("Credit code"),
    "shown_by": _("Shown by"),
    "department": _("Department"),
    "staff_no": _("Staff number"),
    "valid_until": _("Valid until"),
    "visit": _("Number of this visit"),
}
# what a field tells about somebody, said to whoever writes a scene
PERSONAL = frozenset({"name", "masked_name", "masked_id", "portrait", "colour", "test", "shown_by", "staff_no"})


def why(reason: str) -> Why:
    return REASONS.get(reason, REASONS["ended"])
