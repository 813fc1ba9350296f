"""What stands against closing a business: which, with whom, and what to do about it. Asked before sending, and once more at sending."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tongban.cases import planning
from tongban.cases.models import Appeal, Case
from tongban.cases.states import OPEN, CaseState
from tongban.departments.models import Department
from tongban.journal.actors import PLATFORM
from tongban.lib.bilingual import Bilingual, say
from tongban.lib.problems import NotAllowed, worded
from tongban.licences import queries as licences
from tongban.matters.guides import bundle_slug
from tongban.matters.permit_errands import CLEARED, CLOSINGS, NOT_MERGED
from tongban.parties.models import Company, Party
from tongban.registers import services as registers


@dataclass(frozen=True)
class Bar:
    """One thing that has to be settled first. `what` and `todo` are sentences; `where` an address of ours that leads there."""

    code: str
    what: Any
    department: Bilingual
    todo: Any
    where: str = ""


class Barred(NotAllowed):
    """The business cannot be closed yet; `bars` says everything at once."""

    def __init__(self, bars: list[Bar]):
        super().__init__(
            "business-cannot-be-closed-yet",
            worded(_("This cannot be sent yet: %(bars)s"), bars=_Said(bars)),
            kept=_("Your draft is kept."),
            next_step=_("Settle what is listed, then send it again from here."),
        )
        self.bars = bars


class _Said:
    def __init__(self, bars: list[Bar]):
        self.bars = bars

    def __str__(self) -> str:
        return " ".join(str(bar.what) for bar in self.bars)


def closes(case: Case) -> bool:
    """Whether granting this case, or this bundle, ends the business."""
    if planning.is_bundle(case):
        return any(row["matter"] in CLOSINGS.values() for row in case.version.members)
    return case.parent_id is None and (case.version.result or {}).get("ends") == "business"


def bars(case: Case, *, today: date) -> list[Bar]:
    """Everything that stands against closing the applicant's business now. Registers are asked: never inside a transaction."""
    if not closes(case):
        return []
    party = case.applicant
    return [
        *_debts(case, party),
        *_open_cases(case, party),
        *_reconsiderations(party),
        *_proceedings(party, today),
        *_permits_left_over(case, party, today),
    ]


def refuse_if_barred(case: Case, *, today: date) -> None:
    found = bars(case, today=today)
    if found:
        raise Barred(found)


def _debts(case: Case, party: Party) -> list[Bar]:
    """A register that does not answer now bars nothing: the members rest on the same facts and wait for them."""
    found = []
    asked: dict[str, Any] = {"of": party, "about": case.subject, "purpose": "decision", "actor": PLATFORM}
    ledger = registers.read("tax-ledger", matter=CLEARED, fields=["arrears"], **asked)
    owed = ledger.get("arrears") if ledger else None
    if owed:
        found.append(
            Bar(
                "tax-debt",
                worded(_("Tax of ¥%(owed)s is still owed."), owed=f"{owed:,}"),
                _named("TAX"),
                _(
                    "Pay it to the tax bureau, online or at any window. As soon as its ledger says so, you can go on here."
                ),
            )
        )
    registrar = next(iter(CLOSINGS.values())) if _is_company(party) else CLOSINGS["close-sole-prop"]
    penalties = registers.read("penalty-register", matter=registrar, fields=["open_penalties"], **asked)
    count = penalties.get("open_penalties") if penalties else None
    if count:
        found.append(
            Bar(
                "open-penalties",
                worded(_("Penalties not settled yet: %(count)s."), count=count),
                _named("AMR"),
                _("Pay or object to them at the authority that imposed them. It strikes them off its list."),
            )
        )
    return found


def _is_company(party: Party) -> bool:
    return Company.objects.filter(pk=party.pk, company_kind="company").exists()


def _what_runs(state: str) -> Promise:
    if state == CaseState.READY:
        return _("A result has not been opened yet: “%(matter)s” (%(number)s).")
    return _("An application is still being handled: “%(matter)s” (%(number)s).")


def _open_cases(case: Case, party: Party) -> list[Bar]:
    running = Case.objects.filter(applicant=party, state__in=OPEN, parent__isnull=True).exclude(pk=case.pk)
    return [
        Bar(
            "open-case",
            worded(_what_runs(one.state), matter=_Name(one.version.name), number=one.number or ""),
            one.department.name,
            _("Open the result there; then it is closed.") if one.state == CaseState.READY else _("Wait for its decision, or withdraw it."),
            f"/my/cases/{one.ref}/",
        )
        for one in running.select_related("version", "department").only(
            "ref", "number", "state", "version__name", "department__name", "matter"
        ).order_by("id")[:20]
    ]  # fmt: skip


def _reconsiderations(party: Party) -> list[Bar]:
    asked = Appeal.objects.filter(case__applicant=party, state="asked").select_related(
        "case__department", "case__version"
    )
    return [
        Bar(
            "reconsideration",
            worded(_("A reconsideration is being judged: “%(matter)s” (%(number)s)."), matter=_Name(one.case.version.name), number=one.case.number or ""),
            one.case.department.name,
            _("Wait for its outcome, or take it back."),
            f"/my/cases/{one.case.ref}/",
        )
        for one in asked.order_by("id")[:20]
    ]  # fmt: skip


def _proceedings(party: Party, today: date) -> list[Bar]:
    found = []
    for one in licences.open_proceedings_of(party):
        name = one.item.name if one.item is not None else one.licence.type.name
        department = one.item.regulator if one.item is not None else one.licence.issuer
        found.append(
            Bar(
                "proceeding",
                worded(_("A proceeding about “%(licence)s” is not decided yet."), licence=_Name(name)),
                department.name,
                _("Answer it on the page of the licence, and wait for the decision."),
                f"/my/licences/{one.licence_id}/",
            )
        )
    return found


def _permits_left_over(case: Case, party: Party, today: date) -> list[Bar]:
    """Closing alone would leave permits without a holder: the joint errand takes them along, in one application."""
    if planning.is_bundle(case):
        return []
    held = [one for one in licences.permits_of(party, today) if one.type.slug not in NOT_MERGED]
    if not held:
        return []
    event = next(name for name, slug in CLOSINGS.items() if slug == case.matter.slug)
    return [
        Bar(
            "permits-held",
            worded(_("Permits are still held in this name: %(count)s."), count=len(held)),
            case.department.name,
            _("Use the joint cancellation: it ends all of them together with the business, in one application."),
            f"/matters/{bundle_slug({'id': event})}/",
        )
    ]


def _named(code: str) -> Bilingual:
    row = Department.objects.filter(code=code).only("name").first()
    return row.name if row is not None else {"zh": code, "en": code}


class _Name:
    """Bilingual content inside a sentence, said when the sentence is."""

    def __init__(self, name: Bilingual):
        self.name = name

    def __str__(self) -> str:
        return say(self.name)
