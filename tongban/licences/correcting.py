"""What only an approver of the issuing department does to a licence without a hearing: correct it, cancel it, give it back.

A correction never changes what was sealed: it makes the next edition of the same number, the wrong one is superseded at that moment,
and the holder is told which values changed and why. Legal bases come from one list (`bases`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.lib.bilingual import Bilingual
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import bases, items, proceedings, services, tokens
from tongban.licences.face_labels import label
from tongban.licences.models import Licence, LicenceAct, Proceeding
from tongban.licences.proceeding_states import ProceedingState
from tongban.licences.states import CANCEL, SUPERSEDE
from tongban.notices import services as notices

# Not words of the face but what the licence is: who it is for and from when to when is another decision.
_NOT_WORDS = {"photo", "qr", "valid_from", "valid_to", "issued_on", "merged_licences"}
LONGEST = 400


def correctable(licence: Licence) -> list[str]:
    """The values of the face that are words: a picture, the days and merged permits are changed by an act of their own."""
    if items.is_industry(licence):
        return []
    return [
        name
        for name in licence.type.face_fields
        if name not in _NOT_WORDS and isinstance(licence.face.get(name, ""), str | int | dict)
    ]


def acts_about(licence: Licence) -> QuerySet[LicenceAct]:
    """What was done to this edition, and the correction that made it."""
    return LicenceAct.objects.select_related("officer", "made").filter(Q(licence=licence) | Q(made=licence))


def correct(
    licence: Licence,
    *,
    changes: Mapping[str, Any],
    basis: str,
    reason: str,
    officer: Officer,
    ground: str = "",
    now: datetime | None = None,
) -> Licence:
    """The corrected edition; the wrong one is superseded and its holder told. Nothing else of the licence changes."""
    now = now or timezone.now()
    chosen = _asked("correct", basis, ground, reason)
    may = set(correctable(licence))
    changed = {
        name: tokens.plain(value)
        for name, value in changes.items()
        if name in may and tokens.plain(value) != licence.face.get(name, "")
    }
    if not changed:
        raise Invalid(
            "nothing-corrected",
            errors={"changes": [_("Change at least one value of the licence.")]},
            kept=_("Nothing was changed. What you typed is still here."),
        )
    if too_long := [name for name, value in changed.items() if any(len(text) > LONGEST for text in _texts(value))]:
        raise Invalid("too-long", errors={f"face-{name}": [_("This is too long.")] for name in too_long})
    proceedings.may(officer, licence.issuer, licence, {proceedings.DECIDES})
    if not SUPERSEDE.may_start_from(licence.state):
        raise NotAllowed(
            "not-in-this-state",
            _("Only a licence that is valid or has run out can be corrected."),
            kept=_("Nothing was changed. What you typed is still here."),
            next_step=_("A suspended licence has to be given back first; one that is over needs a new decision."),
        )
    with _once(), transaction.atomic():
        act = _write(licence, "correct", chosen, ground, reason, officer, now, fields=sorted(changed))
        made = services.issue(
            licence.type,
            holder=licence.holder,
            face={**licence.face, **changed},
            decision=f"correction:{act.pk}",
            issued_on=timezone.localdate(now),
            valid_from=licence.valid_from,
            valid_to=licence.valid_to,
            actor=proceedings.acting(officer),
            previous=licence,
            issuer=licence.issuer,
            now=now,
        )
        LicenceAct.objects.filter(pk=act.pk).update(made=made)
        _tell(made, "licence_corrected", act, fields=_names(licence, sorted(changed)))
    return made


def cancel(
    licence: Licence, *, basis: str, reason: str, officer: Officer, ground: str = "", now: datetime | None = None
) -> Licence:
    """The licence ends: at the holder's wish, or because holder or thing are no more. Not a penalty: that is a revocation."""
    now = now or timezone.now()
    chosen = _asked("cancel", basis, ground, reason)
    proceedings.may(officer, licence.issuer, licence, {proceedings.DECIDES})
    _no_open_proceeding(licence)
    if not CANCEL.may_start_from(licence.state):
        raise NotAllowed(
            "not-in-this-state", _("Its present state does not allow this."), kept=_("Nothing was changed.")
        )
    with _once(), transaction.atomic():
        act = _write(licence, "cancel", chosen, ground, reason, officer, now)
        services.cancel(licence, reason=f"act:{act.pk}", actor=proceedings.acting(officer), now=now)
        _tell(licence, "licence_cancelled", act)
    return licence


# --


def _asked(act: str, basis: str, ground: str, reason: str) -> bases.Basis:
    chosen = bases.find(act, basis)
    errors: dict[str, list] = {}
    if chosen is None:
        errors["basis"] = [_("Choose the legal basis from the list.")]
    elif chosen.code == bases.SECTOR and not ground.strip():
        errors["ground"] = [_("Name the law and the article.")]
    if not reason.strip():
        errors["reason"] = [_("Say the facts and the reason. The holder reads exactly this.")]
    if chosen is None or errors:
        raise Invalid("act-incomplete", errors=errors, kept=_("Nothing was changed. What you typed is still here."))
    return chosen


def _no_open_proceeding(licence: Licence) -> None:
    if Proceeding.objects.filter(licence=licence, item=None, state=ProceedingState.OPEN).exists():
        raise NotAllowed(
            "proceeding-open",
            _("There is already a proceeding about this permit."),
            kept=_("Nothing was changed."),
            next_step=_("Decide that one first."),
        )


def _write(licence, act, basis, ground, reason, officer, now, fields: Sequence[str] = ()) -> LicenceAct:
    return LicenceAct.objects.create(
        licence=licence, act=act, basis=basis.code, ground=ground.strip()[:300], reason=reason.strip()[:2000],
        officer=officer, at=now, fields=list(fields),
    )  # fmt: skip


class _once:
    """Two officers at once: the row of the first stands, the second is told."""

    def __enter__(self):
        return self

    def __exit__(self, kind, wrong, _trace):
        if kind is not None and issubclass(kind, IntegrityError):
            raise NotAllowed(
                "already-done",
                _("Somebody was faster: this licence has just been corrected or cancelled."),
                kept=_("Nothing was changed a second time."),
                next_step=_("Open its newest edition."),
            ) from wrong


def _names(licence: Licence, fields: Sequence[str]) -> Bilingual:
    said = [label(licence.type.slug, name).text for name in fields]
    return {"zh": "、".join(one["zh"] for one in said), "en": ", ".join(one["en"] for one in said)}


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value.values()] if isinstance(value, Mapping) else [str(value)]


def _tell(licence: Licence, kind: str, act: LicenceAct, **more) -> None:
    notices.tell(
        licence.holder,
        kind,
        about=f"licence:{licence.pk}",
        link=f"/my/licences/{licence.pk}/",
        params={"licence": licence.type.name, "department": licence.issuer.name, "why": act.reason, **more},
        once=f"{kind}:{act.pk}",
    )
