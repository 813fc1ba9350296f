"""A draft that is deleted, and had back within a week: out of every list at once, kept sealed beside them, then gone.

What is kept is what the applicant said and added. Uploaded documents stay among the own papers as before; a code for a helper, a second
device and signatures asked of others end with the draft and are asked anew.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import standing
from tongban.cases.models import Bundle, Case, CaseMaterial, DeletedDraft, ListedMatter
from tongban.cases.moving import again, changed
from tongban.cases.services import drafting
from tongban.cases.states import CaseState
from tongban.lib.problems import NotAllowed
from tongban.licences.models import Licence
from tongban.materials.models import Document
from tongban.materials.states import REMOVED
from tongban.parties import queries as parties
from tongban.parties.models import Account, Party
from tongban.parties.powers import Power
from tongban.parties.states import Act

HAD_BACK_WITHIN = timedelta(days=7)
AS_IT_WAS = ("situation", "values", "revision", "step", "committed", "delivery")
OF_A_PAPER = ("type_id", "how", "required", "document_id", "licence_id", "resource", "trust", "seen_by_id")


def delete(case: Case, *, account: Account, now: datetime | None = None) -> DeletedDraft | None:
    """Delete a draft. It can be had back for a week. A second time does nothing."""
    now = now or timezone.now()
    with transaction.atomic():
        rows = Case.objects.filter(pk=case.pk, state=CaseState.DRAFT)
        if not rows.exists():
            if Case.objects.filter(pk=case.pk).exists():
                raise NotAllowed("already-sent", _("This was already sent. You can withdraw it instead."))
            return None
        case = again(case)
        standing.act_as_applicant(account, case, Act.PREPARE, "delete", now)
        kept = DeletedDraft.objects.create(
            ref=case.ref, key=case.pk, matter=case.matter, version=case.version, applicant=case.applicant, account=case.account,
            channel=case.channel, held=_written(case), deleted_at=now, until=now + HAD_BACK_WITHIN,
        )  # fmt: skip
        rows.delete()
    return kept


def _written(case: Case) -> dict[str, Any]:
    bundle = Bundle.objects.filter(case=case.pk).first()
    return {
        **{name: getattr(case, name) for name in AS_IT_WAS},
        "created_at": case.created_at.isoformat(),
        "prepared_by": case.prepared_by_id,
        "versions": bundle.versions if bundle is not None else None,
        "listed": list(case.listed.values_list("account", flat=True)),
        "papers": [{name: getattr(row, name) for name in OF_A_PAPER} for row in case.materials.order_by("pk")],
    }


def to_be_had_back(
    party: Party, account: Account, powers: Iterable[Power], *, now: datetime | None = None
) -> list[DeletedDraft]:
    """What this account may have back of this party, the last one first."""
    held = list(powers)
    rows = DeletedDraft.objects.filter(applicant__in=parties.identities(party), until__gt=now or timezone.now())
    found = rows.select_related("matter", "version").only(
        "ref", "account", "deleted_at", "until", "matter__slug", "version__name", "applicant"
    )[: drafting.DRAFTS_AT_MOST]
    return [row for row in found if any(_reaches(power, row, account) for power in held)]


def _reaches(power: Power, row: DeletedDraft, account: Account) -> bool:
    """Whoever may prepare and sees the party's drafts, or began this one."""
    may = power.full or power.allows(Act.PREPARE, row.matter.slug)
    return may and (power.full or power.allows(Act.SEE, row.matter.slug) or row.account_id == account.pk)


def take_back(row: DeletedDraft, *, account: Account, now: datetime | None = None) -> Case:
    """As it was, under its number, for as long as a fresh draft. Pressed twice, there is one."""
    now = now or timezone.now()
    with transaction.atomic():
        held = (
            DeletedDraft.objects.select_for_update(of=("self",)).select_related("matter__department").filter(pk=row.pk)
        )
        kept = held.filter(until__gt=now).first()
        if kept is None:
            there = Case.objects.filter(ref=row.ref).first()
            if there is not None:
                return there
            raise _gone()
        drafting.room_for_a_draft(kept.applicant)
        said = kept.held
        case = Case.objects.create(
            pk=kept.key, ref=kept.ref, matter=kept.matter, version=kept.version, department=kept.matter.department,
            applicant=kept.applicant, account=kept.account, channel=kept.channel, saved_at=now, expires_at=now + timedelta(days=drafting.DRAFT_DAYS),
            created_at=datetime.fromisoformat(said["created_at"]), prepared_by_id=said["prepared_by"],
            **{name: said[name] for name in AS_IT_WAS},
        )  # fmt: skip
        standing.act_as_applicant(account, case, Act.PREPARE, "take_back", now)
        if said["versions"] is not None:
            Bundle.objects.create(case=case, versions=said["versions"])
        CaseMaterial.objects.bulk_create(_papers(case, said["papers"]))
        free = ListedMatter.objects.filter(account__in=said["listed"], matter=kept.matter, case=None)
        free.update(case=case)
        kept.delete()
        changed(case)
    return case


def _papers(case: Case, written: list[dict[str, Any]]) -> list[CaseMaterial]:
    """Each as it was; what was taken away since is missing."""
    documents = {row["document_id"] for row in written}
    licences = {row["licence_id"] for row in written}
    there = set(Document.objects.filter(pk__in=documents).exclude(state=REMOVED).values_list("pk", flat=True))
    valid = set(Licence.objects.filter(pk__in=licences).values_list("pk", flat=True))
    rows = []
    for one in written:
        lost = one["document_id"] not in there | {None} or one["licence_id"] not in valid | {None}
        how = CaseMaterial.How.MISSING
        missing = {
            "how": how,
            "document_id": None,
            "licence_id": None,
            "seen_by_id": None,
            "trust": drafting.TRUST[how],
        }
        rows.append(CaseMaterial(case=case, **(one | missing if lost else one)))
    return rows


def erase(row: DeletedDraft, *, account: Account, powers: Iterable[Power]) -> None:
    """At once and for good. A second time does nothing."""
    if not any(_reaches(power, row, account) for power in powers):
        raise _gone()
    DeletedDraft.objects.filter(pk=row.pk).delete()


def _gone() -> NotAllowed:
    return NotAllowed(
        "draft-is-gone",
        _("This draft was deleted for good."),
        next_step=_("You can begin the matter anew. Documents you uploaded are still among your papers."),
        status=404,
    )
