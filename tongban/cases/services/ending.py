"""What granting does to everything a business holds: its permits and the industry licence end with it, or are issued anew as it changes.

Each permit is moved by its own issuer, on whose behalf the platform acts. Of a joint cancellation nothing ends before all of it is granted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from tongban.cases import clocks, events
from tongban.cases.models import Case
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual
from tongban.lib.moves import NotNow
from tongban.licences import industry, items
from tongban.licences import queries as licence_queries
from tongban.licences import services as licences
from tongban.licences.models import Licence
from tongban.licences.states import LicenceState
from tongban.matters.models import MatterVersion
from tongban.matters.permit_errands import NOT_MERGED, chosen_by_holding
from tongban.notices import services as notices
from tongban.parties import companies
from tongban.parties.models import Company, Party

ROOT_OF_IDENTIFIERS = "1.2.156.3005.2."
ENDS_BUSINESS, ENDS_PERMITS = ("ends", "business"), ("ends", "permits")
CHANGES_BUSINESS, CHANGES_PERMITS = ("changes", "business"), ("changes", "permits")


@dataclass(frozen=True)
class Ended:
    """One permit or licence that ended: what stands in the letter."""

    name: Bilingual
    number: str
    issuer: Bilingual


def parts_held(version: MatterVersion, party: Party, *, today: date) -> list[str]:
    """Which parts of a joint cancellation or change apply, by the permits this party holds."""
    if not any(row.get("held") for row in version.members):
        return []
    held = [one.issuer.code for one in licence_queries.permits_of(party, today) if one.type.slug not in NOT_MERGED]
    held += [line.regulator.code for line in licence_queries.lines_of(party)]
    return chosen_by_holding(version.members, held)


def after_grant(case: Case, *, now: datetime) -> None:
    """In the transaction of a member's decision, or of a single matter's: what does not wait for the whole."""
    does = _effects(case)
    if CHANGES_BUSINESS in does:
        change_business(case)
    if CHANGES_PERMITS in does:
        change_permits(case, now=now)
    if case.parent_id is None and ENDS_BUSINESS in does:
        end_business(case, now=now)
    if case.parent_id is None and ENDS_PERMITS in does:
        end_permits(case, now=now)


def after_grant_of_whole(whole: Case, granted: Iterable[Case], *, now: datetime) -> list[tuple[Bilingual, str]]:
    """In the transaction in which a bundle is granted; the lines its letter gets. A bundle that closes no business: nothing."""
    granted = list(granted)
    does = {effect for case in granted for effect in _effects(case)}
    if ENDS_BUSINESS in does:
        ended = end_business(whole, now=now)
        return [(one.name, f"{_short(one.number)} 已注销 cancelled") for one in ended]
    if CHANGES_BUSINESS in does:
        return _changed_jointly(whole, granted)
    return []


def _short(number: str) -> str:
    """Without what every identifier of a licence begins with: the line of a letter holds no more."""
    return number.removeprefix(ROOT_OF_IDENTIFIERS)


def _effects(case: Case) -> set[tuple[str, str]]:
    result = case.version.result or {}
    return {(kind, result[kind]) for kind in ("ends", "changes") if kind in result}


# -- the end


def what_ends(case: Case, *, today: date) -> list[Ended]:
    """All that ends when this is granted, for whoever is about to sign it: permits, the industry licence, the business licence."""
    held = [
        Ended(one.type.name, one.identifier, one.issuer.name)
        for one in licence_queries.permits_of(case.applicant, today)
    ]
    return held + [Ended(one.name, one.number, one.regulator.name) for one in licence_queries.lines_of(case.applicant)]


@transaction.atomic
def end_business(case: Case, *, now: datetime) -> list[Ended]:
    """Strike the business off and cancel all it holds, at once. Done before: nothing, and no line."""
    company = Company.objects.filter(pk=case.applicant_id).first()
    if company is None or not companies.close(company, actor=PLATFORM, reference=case.subject):
        return []
    ended = _cancel(case, None, now)
    journal.record(
        events.BusinessEnded(case=case.pk, company=company.pk, permits=len(ended)), subject=case.subject, actor=PLATFORM
    )
    notices.tell(
        case.applicant,
        "business_ended",
        about=case.subject,
        link=f"/my/cases/{case.ref}/",
        params={"name": company.names, "count": len(ended), "number": case.number or ""},
        once=f"business_ended:{case.pk}",
    )
    return ended


def end_permits(case: Case, *, now: datetime) -> list[Ended]:
    """The permits of one department alone, given back by their holder."""
    return _cancel(case, case.department.code, now)


def _cancel(case: Case, department: str | None, now: datetime) -> list[Ended]:
    """Cancel what this party holds: of one department, or all. Somebody may be moving one meanwhile: then it is looked at again."""
    today = clocks.local_day(now)
    ended: dict[str, Ended] = {}
    reason = f"{case.number or case.ref}"
    if department is None:  # the whole first, so that no edition is made of it between its permits
        for whole in _industry_licences(case.applicant):
            _cancel_one(industry.hold(whole), reason, now, ended)
    for line in industry.newest_lines_of(case.applicant):
        if department in (None, line.regulator.code):
            try:
                industry.cancel_item(line, reason=reason, actor=_for(line.regulator.code), now=now)
            except NotNow:
                continue
            ended[line.number] = Ended(line.name, line.number, line.regulator.name)
    for _again in range(3):
        held = [
            one
            for one in licence_queries.permits_of(case.applicant, today)
            if department is None or (one.issuer.code == department and one.type.slug not in NOT_MERGED)
        ]
        if not held:
            break
        for row in held:
            _cancel_one(row, reason, now, ended)
    return list(ended.values())


def _cancel_one(row: Licence, reason: str, now: datetime, ended: dict[str, Ended]) -> None:
    try:
        with transaction.atomic():
            licences.cancel(row, reason=reason, actor=_for(row.issuer.code), now=now)
    except NotNow:
        return
    ended[row.identifier] = Ended(row.type.name, row.identifier, row.issuer.name)


def _industry_licences(party: Party) -> list[Licence]:
    rows = Licence.objects.select_related("type", "issuer", "holder").filter(
        holder_id=party.pk,
        type__slug=items.INDUSTRY,
        state__in=[LicenceState.VALID, LicenceState.SUSPENDED, LicenceState.EXPIRED],
    )
    return list(rows.order_by("id"))


def _for(department: str) -> Actor:
    """The platform, on behalf of the authority that issued it."""
    return Actor(kind="platform", role="platform", department=department)


# -- a change


def change_business(case: Case) -> None:
    """The registrar granted it: the registered name and address are the new ones, before the licence is printed."""
    company = Company.objects.filter(pk=case.applicant_id).first()
    if company is not None:
        companies.change(
            company,
            actor=PLATFORM,
            reference=case.subject,
            name=str(case.value("new_name") or ""),
            address=str(case.value("new_address") or ""),
        )
        case.applicant.refresh_from_db()


def change_permits(case: Case, *, now: datetime) -> list[Licence]:
    """Issue this department's permits anew, with what changed; the industry licence follows by itself. A suspended one waits."""
    today = clocks.local_day(now)
    holder = Party.objects.get(pk=case.applicant_id)
    moved = bool(case.parent_id and Case.objects.get(pk=case.parent_id).value("new_address"))
    made = []
    for row in licence_queries.permits_of(holder, today):
        if row.issuer.code != case.department.code or row.type.slug in NOT_MERGED or row.state != LicenceState.VALID:
            continue
        face = dict(row.face)
        face |= {name: holder.name for name in ("operator", "company", "clinic") if name in face}
        if moved and "address" in face:
            face["address"] = holder.address
        made.append(
            licences.issue(
                row.type.slug,
                holder=row.holder,
                face=face,
                decision=case.subject,
                issued_on=today,
                valid_from=today,
                valid_to=row.valid_to,
                actor=_for(row.issuer.code),
                previous=row,
                issuer=row.issuer,
                now=now,
            )
        )
    return made


def _changed_jointly(whole: Case, granted: list[Case]) -> list[tuple[Bilingual, str]]:
    """What was issued anew in the members' decisions, for the letter and the holder."""
    rows = Licence.objects.select_related("type").filter(decision__in=[one.subject for one in granted]).order_by("id")
    made = [(row.type.name, f"{_short(row.identifier)} 已换发 issued anew") for row in rows]
    notices.tell(
        whole.applicant,
        "business_changed",
        about=whole.subject,
        link=f"/my/cases/{whole.ref}/",
        params={"name": whole.applicant.names, "count": len(made), "number": whole.number or ""},
        once=f"business_changed:{whole.pk}",
    )
    return made
