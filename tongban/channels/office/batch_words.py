"""How acts on many cases are said: their words, what they ask, what will happen. What they do is in `cases.services.batching`."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.cases.batch_states import ALONE, AT_MOST
from tongban.cases.services import batching
from tongban.departments.models import Officer


@dataclass(frozen=True)
class Words:
    """`told`: applicants get a message and a paper each; `final`: it cannot be taken back."""

    label: Any
    happens: Any
    icon: str = "check"
    told: bool = False
    final: bool = False


WORDS: dict[str, Words] = {
    "claim": Words(_("Take on my desk"), _("The cases lie on your desk, and nobody else works on them."), "download"),
    "release": Words(_("Put back into the queue"), _("The cases lie in the queue again, for everybody."), "undo"),
    "pass_on": Words(
        _("Hand over to a colleague"),
        _("The colleague sees the cases and takes them or gives them back; until then they stay on your desk."),
        "send",
    ),
    "recall_passing": Words(_("Keep them after all"), _("The cases are held out to nobody and stay on your desk."), "undo"),
    "label": Words(_("Put a label on"), _("The label sorts the cases inside the office; applicants never see it."), "flag"),
    "unlabel": Words(_("Take a label off"), _("The label is taken off; applicants never see it."), "undo"),
    "pre_review_start": Words(
        _("Begin the check before acceptance"), _("Each case shows that it is being checked."), "clock"
    ),
    "pre_review_pass": Words(
        _("Pass the check before acceptance"),
        _("The applications count as received, and the five working days for acceptance begin."),
    ),
    "accept": Words(
        _("Accept"),
        _("Each applicant gets the notice of acceptance; the clock of the decision runs from today."),
        told=True,
    ),
    "request_correction": Words(
        _("Ask for the same correction"),
        _("Each applicant gets the correction notice. It can be asked once only: what is not listed now cannot be asked for later."),
        "flag",
        told=True,
    ),
    "recall_correction": Words(
        _("Take the request for correction back"),
        _("Each applicant is told that nothing is asked any more; acceptance goes on with five new days."),
        "undo",
        told=True,
    ),
    "start_review": Words(_("Pass to review"), _("The review begins; each applicant sees it on the page of the case.")),
    "extend": Words(
        _("Extend the limit"),
        _("Each applicant gets the extension notice with your reason and the new day. A case is extended once only."),
        "calendar",
        told=True,
        final=True,
    ),
    "approve": Words(
        _("Grant"),
        _("Each application is granted on its reviewer's opinion, each licence issued, each applicant told."),
        "seal",
        told=True,
        final=True,
    ),
    "take_along": Words(
        _("Take along as files (ZIP)"),
        _("A folder for each case: summary, letters, answers, papers. Everybody in it sees that you did. Kept for 24 hours, for you alone."),
        "download",
    ),
}  # fmt: skip
assert set(WORDS) == set(batching.ACTS)

STATE_TONES = {
    "asked": "persimmon", "running": "info", "done": "success", "stopped": "neutral", "refused": "warning", "lapsed": "neutral",
}  # fmt: skip


def bar(officer: Officer) -> dict[str, Any] | None:
    """What the bar above a queue offers; None for whoever only reads."""
    found = batching.open_to(officer)
    if not found:
        return None
    return {
        "acts": [(act.name, WORDS[act.name].label) for act in found],
        "alone": ALONE,
        "most": AT_MOST,
        "waiting": batching.number_waiting_for_word(officer),
    }
