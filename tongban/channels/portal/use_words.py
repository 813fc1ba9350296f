"""The record of use of a licence in plain words: what was done, by whom, what for, and what was seen."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy as happened

from tongban.departments import queries as departments
from tongban.lib.bilingual import say
from tongban.licences.face_labels import label
from tongban.licences.uses import Use
from tongban.matters.models import MatterVersion
from tongban.parties import queries as parties

HAPPENED = {
    "LicenceIssued": ("seal", happened("the act", "Issued")),
    "LicenceShown": ("qr", lazy("Shown on the screen")),
    "LicenceShared": ("share", lazy("Shared")),
    "LicencePrinted": ("print", lazy("Printed")),
    "PresentationEnded": ("close", lazy("A share or a printed code was ended")),
    "LicenceAuthorised": ("key", lazy("An office was let in")),
    "AuthorityEnded": ("lock", lazy("An office may not open it any more")),
    "CredentialIssued": ("wallet", lazy("Put into a wallet app, or made as a file")),
    "CredentialEnded": ("close", lazy("A copy in a wallet app or a file was ended")),
    "FaceReported": ("flag", lazy("Reported: something on it is wrong")),
    "ProceedingOpened": ("scale", lazy("The department means to suspend or revoke it")),
    "ProceedingAnswered": ("chat", lazy("Answered to the department")),
    "ProceedingEnded": ("scale", lazy("The proceeding ended")),
}
ANSWERED = {
    "corrected": ("check-circle", lazy("What was reported was put right")),
    "upheld": ("info", lazy("What was reported was looked at; it stays as it is")),
    "withdrawn": ("undo", lazy("What was reported was taken back")),
}
STATES = {
    "valid": ("check-circle", lazy("In force again")),
    "suspended": ("pause", lazy("Suspended")),
    "expired": ("overdue", lazy("Its time was over")),
    "superseded": ("layers", lazy("Replaced by a newer edition")),
    "revoked": ("close-circle", lazy("Revoked")),
    "cancelled": ("close-circle", lazy("Cancelled")),
}
OPENED = {
    "show": ("eye", lazy("Opened by the code on your screen")),
    "share": ("eye", lazy("Opened by what you shared")),
    "print": ("seal", lazy("The printed copy was checked")),
}


def lines(rows: Iterable[Use], *, reader: int, kind: str) -> list[dict]:
    """One dict a line; a constant number of questions, however many there are."""
    rows = list(rows)
    offices = {one.code: one.shown_name for one in departments.departments()} if rows else {}
    people = parties.names_of({row.account for row in rows if row.account and row.account != reader})
    versions = MatterVersion.objects.filter(
        matter__slug__in={row.matter for row in rows if row.matter}, state=MatterVersion.State.PUBLISHED
    )
    matters = {one.matter.slug: say(one.name) for one in versions.select_related("matter").only("name", "matter__slug")}
    return [_line(row, reader, kind, offices, people, matters) for row in rows]


def _line(row: Use, reader: int, kind: str, offices: dict, people: dict, matters: dict) -> dict:
    icon, title = _title(row, matters)
    return {
        "at": row.at,
        "day_only": row.source == "checked",
        "icon": icon,
        "title": title,
        "who": _who(row, reader, offices, people),
        "purpose": row.purpose,
        "receiver": row.receiver,
        "case": row.case.removeprefix("case:") if row.what == "office" else "",
        "fields": [say(label(kind, name).text) for name in row.fields],
    }


def _title(row: Use, matters: dict) -> tuple[str, str]:
    if row.what == "checks":
        return "search", (
            _("Checked once by somebody with its code")
            if row.count == 1
            else _("Checked %(count)d times by people with its code") % {"count": row.count}
        )
    if row.what == "call":
        return "document", _("Used instead of a paper: %(matter)s") % {"matter": matters.get(row.matter, row.matter)}
    if row.what == "reader":
        return "search", _("Checked by a registered reader")
    if row.what == "office":
        return "building", _("Opened at an office you let in")
    if row.source == "opened":
        icon, words = OPENED[row.what]
        return icon, str(words)
    if row.what == "LicenceStateChanged":
        icon, words = STATES.get(row.state, ("info", lazy("Its state changed")))
    elif row.what == "FaceReportAnswered":
        icon, words = ANSWERED.get(row.state, ("info", lazy("What was reported was answered")))
    else:
        icon, words = HAPPENED.get(row.what, ("info", lazy("Something about it was written down")))
    return icon, str(words)


def _who(row: Use, reader: int, offices: dict, people: dict) -> str:
    if row.what == "checks":
        return _("nobody asked who they are")
    if row.what == "reader":
        return row.name
    if row.source == "opened":
        if row.by == "anyone":
            return _("somebody without sign-in")
        return _joined(row.name, offices.get(row.department, row.department))
    if row.department:
        return _joined(offices.get(row.department, row.department), row.name)
    if row.account == reader:
        return _("you")
    return people.get(row.account, "") or _("the platform")


def _joined(*words: str) -> str:
    return _(", ").join(word for word in words if word)
