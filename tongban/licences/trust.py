"""What verifiers without a network fetch: the keys they may believe, and which licences are not in force, both signed by the root.

Both are made at most once a minute in each process, and hold for 24 hours: after that a verifier says "unknown, ask online".
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db.models import Q
from django.utils import timezone

from tongban.departments.models import Department
from tongban.licences import items, keys, paper, services
from tongban.licences.face_labels import label
from tongban.licences.models import Licence, LicenceType
from tongban.licences.states import ITEM_GONE, ITEM_SUSPENDED, NOT_VALID_NOW, SUSPENDED, LicenceState, standing

HELD_FOR = timedelta(minutes=1)
TRUST, STATUS = "licences.trust", "licences.status"
_SAYS = {
    LicenceState.SUSPENDED.value: paper.SUSPENDED,
    LicenceState.SUPERSEDED.value: paper.SUPERSEDED,
    LicenceState.REVOKED.value: paper.REVOKED,
    LicenceState.CANCELLED.value: paper.CANCELLED,
}


def trust_list(now: datetime | None = None) -> dict[str, Any]:
    """{"list": signed, "root": the key that signed it as JWK, "iat", "exp"}."""
    return _held(TRUST, _trust_list, now)


def status_list(now: datetime | None = None) -> dict[str, Any]:
    return _held(STATUS, _status_list, now)


def root_jwk() -> dict[str, str]:
    """The one key a verifier holds fast to from its installation on."""
    certificate, _key = keys.root(services.key_directory(), now=timezone.now())
    return keys.ec_jwk(certificate.public_key())


def changed() -> None:
    """A key was withdrawn: the next question in this process is answered anew."""
    caches["process"].delete_many([TRUST, STATUS])


# --


def _held(name: str, make, now: datetime | None) -> dict[str, Any]:
    if now is not None:
        return make(now)
    found = caches["process"].get(name)
    if found is None:
        found = make(timezone.now())
        caches["process"].set(name, found, HELD_FOR.total_seconds())
    return found


def _signed(body: dict[str, Any], now: datetime) -> dict[str, Any]:
    certificate, key = keys.root(services.key_directory(), now=now)
    return {
        "list": paper.sign_list(body, key),
        "root": keys.ec_jwk(certificate.public_key()),
        "iat": body["iat"],
        "exp": body["exp"],
    }


def _trust_list(now: datetime) -> dict[str, Any]:
    publics = keys.all_public(services.key_directory())
    kinds = {public.licence_type for public in publics}
    issuers = {public.department for public in publics}
    names = {
        "demo": settings.DEMO,
        "issuers": {
            row.code: services.issuer_name(row, demo=settings.DEMO)
            for row in Department.objects.filter(code__in=issuers).order_by("code")
        },
        "types": {
            kind.slug: {
                "name": kind.name,
                "fields": {name: label(kind.slug, name).text for name in kind.face_fields},
            }
            for kind in LicenceType.objects.filter(slug__in=kinds).order_by("slug")
        },
    }
    return _signed(paper.trust_list(publics, address=services.address(), now=now, names=names), now)


def _status_list(now: datetime) -> dict[str, Any]:
    today = timezone.localdate(now)
    running = Q(valid_to__isnull=True) | Q(valid_to__gte=today)
    over = Licence.objects.exclude(state=LicenceState.VALID).filter(running, state__in=list(_SAYS))
    entries = {paper.status_id(token): _SAYS[state] for token, state in over.values_list("token", "state").iterator()}
    for whole in _doubtful_wholes(today).filter(running):
        status, reason = standing(
            *items.judge(whole.state, whole.valid_from, whole.valid_to, today),
            [one.part for one in items.present(whole, today)],
        )
        if status == SUSPENDED and reason == ITEM_SUSPENDED:
            entries[paper.status_id(whole.token)] = paper.ITEM_SUSPENDED
        elif status == NOT_VALID_NOW and reason == ITEM_GONE:
            entries[paper.status_id(whole.token)] = paper.ITEM_GONE
    return _signed(paper.status_list(entries.items(), now=now), now)


def _doubtful_wholes(today):
    """Industry licences of which one permit is not what it was when they were printed."""
    not_so = (
        ~Q(items__state=LicenceState.VALID)
        | Q(items__valid_to__lt=today)
        | (Q(items__licence__isnull=False) & ~Q(items__licence__state=LicenceState.VALID))
    )
    return (
        Licence.objects.select_related("type")
        .filter(type__slug=items.INDUSTRY, state__in=[LicenceState.VALID, LicenceState.SUSPENDED])
        .filter(items__isnull=False)
        .filter(not_so)
        .distinct()
        .defer("face", "statement")
    )
