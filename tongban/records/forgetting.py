"""Taking the person out of an application whose time is over, so that the figures stay right and nothing names anybody.

What hangs on a case is deleted, unless it is named in `STAYS`: a table that somebody adds is forgotten by itself. What stays is what
figures are made of, and of that every field that can hold something about a person is emptied. Rows elsewhere that only point at the
case keep what they are for (a read log, a receipt) and lose the pointer. `tests/records` plants values everywhere and looks for them.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from tongban.cases.models import Case, Collection, DeliveryItem, Step, new_query_code, new_ref
from tongban.evaluations.models import Rating, mark_of_erased
from tongban.indicators import services as figures
from tongban.journal import services as journal
from tongban.journal.models import Event, ReadEntry
from tongban.licences.models import Licence, LicenceCall
from tongban.materials import services as materials
from tongban.materials.models import Document
from tongban.notices.models import Message
from tongban.oversight.models import Look
from tongban.parties.models import Account, Deed, Party
from tongban.payments.models import Bill
from tongban.records import owned
from tongban.records.models import Nobody
from tongban.registers.models import Call, Dispute

EMPTIED = "–"  # where a constraint wants a word
STAYS: dict[str, dict[str, Any]] = {
    # of each table that stays: what its fields become. Fields not named say nothing about a person: codes, days, numbers, officers.
    "cases.Case": {},  # below, in `_case`
    "cases.Bundle": {"versions": {}},
    "cases.BundleMember": {"why": {}},
    "cases.Step": {"reason": "", "account": None},
    "cases.Clock": {},
    "cases.DeskTime": {},
    "cases.Escalation": {},  # its answer below: only where somebody gave one
    "cases.CorrectionRequest": {"why_recalled": ""},
    "evaluations.Rating": {},  # below: the database guards it
    "indicators.Part": {},
    "records.Keeping": {},
    "records.Hold": {"words": EMPTIED},
    "records.Handover": {},
}
BESIDE = {  # fields that only lie beside a case: the row is about something else and loses the reference
    "cases.Appeal": {"anew"},  # the appeal against another case's decision
    "cases.ListedMatter": {"case"},  # somebody's own list of what they want to do
}
LOG_OF_PEOPLE = ("officer", "platform")  # whose acts stay under their names: they are acts of the office


@dataclass
class Forgotten:
    """What went: numbers only, and the files to let go of after the commit."""

    papers: int = 0
    files: list[tuple[str, str]] = field(default_factory=list)


def nobody(kind: str) -> Party:
    """The party that stands where a person or a company stood. Made once."""
    row = Nobody.objects.select_related("party").filter(kind=kind).first()
    if row is None:
        party = Party.objects.create(kind=kind, name="（已匿名）", name_en="(made anonymous)")
        row, made = Nobody.objects.get_or_create(kind=kind, defaults={"party": party})
        if not made:  # another hand was faster
            party.delete()
            row = Nobody.objects.select_related("party").get(kind=kind)
    assert row.party is not None
    return row.party


def nobodys_account() -> Account:
    row = Nobody.objects.select_related("account").filter(kind="account").first()
    if row is None:
        account = Account.objects.filter(login="nobody").first() or Account.objects.create_user(
            "nobody", None, is_active=False
        )
        row, _made = Nobody.objects.get_or_create(kind="account", defaults={"account": account})
    assert row.account is not None
    return row.account


def forget(cases: list[Case]) -> Forgotten:
    """Inside the transaction of the caller, who holds these cases and has looked that nothing stops it. All of a bundle at once."""
    gone = Forgotten()
    ids, subjects = [case.pk for case in cases], [case.subject for case in cases]
    for case in cases:  # whatever was not counted yet is counted now: afterwards there is nothing to count
        figures.count_sent(case)
        figures.count_decided(case)
    parties = _parties(cases)
    papers = owned.papers_of(ids)
    _pointers(cases, ids, subjects, parties)
    _rating(ids)
    taken = set(
        DeliveryItem.objects.filter(case__in=ids, collection__isnull=False).values_list("collection", flat=True)
    )
    _dependants(ids)
    Collection.objects.filter(
        pk__in=taken, items__isnull=True
    ).delete()  # who took it; with the last of what they took at once
    kept_elsewhere = _named_elsewhere(papers)
    handed_in = Document.objects.filter(pk__in=papers - kept_elsewhere).exclude(state=Document.State.KEPT)
    going = list(handed_in.values_list("pk", flat=True))
    gone.papers, gone.files = len(going), materials.forget(going)
    _log(subjects, parties)
    _case(cases)
    return gone


# -- what belongs to a case


def dependants() -> list[tuple[type[models.Model], list[str]]]:
    """Every table with a reference to a case, and by which fields; without the case itself."""
    found = []
    for model in apps.get_models():
        names = [
            one.name
            for one in model._meta.concrete_fields
            if isinstance(one, models.ForeignKey) and one.related_model is Case
        ]
        if names and model is not Case:
            found.append((model, names))
    return found


def going() -> list[tuple[type[models.Model], list[str]]]:
    """Tables whose rows are deleted with the person: each field by which a row is about a case, not merely beside one."""
    found = []
    for model, names in dependants():
        if model._meta.label in STAYS:
            continue
        about = [name for name in names if name not in BESIDE.get(model._meta.label, ())]
        if about:
            found.append((model, about))
    return found


def _dependants(ids: list[int]) -> None:
    left = [model._default_manager.filter(_any(names, ids)) for model, names in going()]
    while left:  # rows that others protect go after those: at most as many rounds as tables
        waiting = []
        for rows in left:
            try:
                rows.delete()
            except models.ProtectedError as held:
                _delete_protecting(held.protected_objects)
                waiting.append(rows)
        if len(waiting) == len(left) and not any(rows.exists() for rows in waiting):
            break
        left = waiting
    for label, beside in BESIDE.items():
        for name in beside:
            apps.get_model(label)._default_manager.filter(**{f"{name}__in": ids}).update(**{name: None})
    for label, changes in STAYS.items():
        if changes:
            model = apps.get_model(label)
            names = next(names for one, names in dependants() if one is model)
            model._default_manager.filter(_any(names, ids)).update(**changes)
    escalation, correction = apps.get_model("cases.Escalation"), apps.get_model("cases.CorrectionRequest")
    escalation._default_manager.filter(case__in=ids).exclude(answer="").update(answer=EMPTIED)
    correction._default_manager.filter(case__in=ids).exclude(why_again="").update(why_again=EMPTIED)
    hold = apps.get_model("records.Hold")
    hold._default_manager.filter(case__in=ids).exclude(why_lifted="").update(why_lifted=EMPTIED)
    follow_up = apps.get_model("evaluations.FollowUp")
    follow_up._default_manager.filter(rating__case__in=ids).update(contact_note="", explanation="")


def _any(names: Iterable[str], ids: list[int]) -> Q:
    wanted = Q()
    for name in names:
        wanted |= Q(**{f"{name}__in": ids})
    return wanted


def _delete_protecting(rows: Iterable[models.Model]) -> None:
    for row in rows:
        if not owned.path_to_case(
            type(row)
        ):  # nothing of anybody else goes with a case: it stays whole, and somebody looks
            raise RuntimeError(f"{row._meta.label} holds what should be forgotten and does not belong to a case")
        type(row)._default_manager.filter(pk=row.pk).delete()


# -- papers


def _named_elsewhere(papers: set[int]) -> set[int]:
    """Papers that another application rests on: they go with that one."""
    found: set[int] = set()
    for model, name in owned.paper_fields():
        found |= set(model._default_manager.filter(**{f"{name}__in": papers}).values_list(name, flat=True))
    return found


# -- what only points at a case


def _parties(cases: list[Case]) -> set[int]:
    """Whoever had to do with these cases: the applicants, and the people behind accounts that moved them."""
    found = {case.applicant_id for case in cases}
    accounts = {case.account_id for case in cases if case.account_id}
    accounts |= set(Step.objects.filter(case__in=cases, account__isnull=False).values_list("account", flat=True))
    signer = apps.get_model("cases.Signer")
    accounts |= set(
        signer._default_manager.filter(case__in=cases, account__isnull=False).values_list("account", flat=True)
    )
    people = Account.objects.filter(pk__in=accounts, person__isnull=False).values_list("person", flat=True)
    return found | set(people)


def _pointers(cases: list[Case], ids: list[int], subjects: list[str], parties: set[int]) -> None:
    Message.objects.filter(Q(party__in=parties) | Q(party__isnull=True), about__in=subjects).delete()
    Call.objects.filter(of_party__in=parties, about__in=subjects).update(about="")
    Dispute.objects.filter(of_party__in=parties, about__in=subjects).update(about="")
    Look.objects.filter(party__in=parties, about__in=subjects).update(about="")
    for deed in Deed.objects.filter(Q(principal__in=parties) | Q(agent__in=parties), about__in=subjects):
        Deed.objects.filter(pk=deed.pk).update(about="", once=f"gone:{secrets.token_hex(12)}")
    for bill in Bill.objects.filter(Q(about__in=subjects) | Q(payer__in=parties, whole__in=subjects)):
        Bill.objects.filter(pk=bill.pk).update(about=f"gone:{bill.pk}", whole="", link="", version=F("version") + 1)
    for licence in Licence.objects.filter(holder__in=parties, decision__in=subjects):
        Licence.objects.filter(pk=licence.pk).update(decision=f"gone:{licence.pk}")
    named = {case.licence_id for case in cases if case.licence_id}
    used = apps.get_model("cases.CaseMaterial")._default_manager.filter(case__in=ids, licence__isnull=False)
    called = named | set(used.values_list("licence", flat=True))
    called |= set(Licence.objects.filter(holder__in=parties).values_list("pk", flat=True))
    for call in LicenceCall.objects.filter(licence__in=called, about__in=subjects):
        LicenceCall.objects.filter(pk=call.pk).update(about=f"gone:{call.pk}")


def _log(subjects: list[str], parties: set[int]) -> None:
    """The chained log keeps what happened to a case and when; who it was about goes, provably (`journal.blank`)."""
    acts = Event.objects.filter(subject__in=subjects).exclude(actor_kind__in=LOG_OF_PEOPLE).exclude(actor=None)
    journal.blank(acts.iterator(chunk_size=500), actor=None)
    reads = ReadEntry.objects.filter(of_party__in=parties, about__in=subjects)
    journal.blank(reads.iterator(chunk_size=500), about="")


def _rating(ids: list[int]) -> None:
    for pk, case in Rating.objects.filter(case__in=ids).values_list("pk", "case"):
        Rating.objects.filter(pk=pk).update(text="", named=False, words=mark_of_erased(case), account=nobodys_account())


def _case(cases: list[Case]) -> None:
    now = timezone.now()
    for case in cases:
        Case.objects.filter(pk=case.pk).update(
            applicant=nobody(case.applicant.kind), account=None, licence=None, ref=new_ref(), query_code=new_query_code(),
            number=f"x{case.pk}" if case.number else None, values={}, situation=[], opinion="", rules_trace={}, reason={},
            ground={}, paper_kept="", saver="", updated_at=now,
        )  # fmt: skip
