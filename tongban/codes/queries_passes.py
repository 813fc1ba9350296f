"""What is asked about passes: lists of signers, what a person keeps."""

import re
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from tongban.codes import hcert
from tongban.codes.models import KeptPass, KnownTest, TrustedSigner, TrustList
from tongban.codes.pass_states import ListState
from tongban.parties.models import Person

DEFAULT_LIST = "health-pass"
NAME = re.compile(r"[a-z0-9-]{1,40}")  # anything else is asked of no database


class UnknownList(LookupError):
    """No version of a list of this name is in force."""


def trust(name: str = DEFAULT_LIST) -> hcert.Trust:
    """The version of a list in force, opened once a process. A list nobody has put in force yet trusts nobody, if it is the default one."""
    if not NAME.fullmatch(name):
        raise UnknownList(name)
    row = TrustList.objects.filter(name=name, state=ListState.IN_FORCE).values_list("pk", "digest").first()
    if row is None:
        if name == DEFAULT_LIST:
            return hcert.Trust()
        raise UnknownList(name)
    return _opened(*row)


@lru_cache(maxsize=16)
def _opened(pk: int, digest: str) -> hcert.Trust:
    """A version never changes, so its number and its digest are enough to know it by."""
    return hcert.Trust.of(
        bytes(der) for der in TrustedSigner.objects.filter(of_list=pk).values_list("certificate", flat=True)
    )


def judge(text: str, *, at: datetime, trust: hcert.Trust, purpose: str = "") -> hcert.Answer:
    """By the rule of this district for what it is checked for."""
    return hcert.verify(text, at=at, trust=trust, rules=settings.PASS_RULES.for_purpose(purpose))


def lists() -> QuerySet[TrustList]:
    """Versions, newest first; what waits for somebody stands before."""
    return TrustList.objects.select_related("loaded_by", "decided_by").order_by("-id")


def in_force() -> QuerySet[TrustList]:
    return TrustList.objects.select_related("loaded_by", "decided_by").filter(state=ListState.IN_FORCE).order_by("name")


def version(name: str, number: int) -> TrustList | None:
    return lists().filter(name=name, number=number).first()


def signers(row: TrustList) -> QuerySet[TrustedSigner]:
    return row.certificates.defer("certificate").order_by("country", "subject", "id")


def changes(row: TrustList) -> dict[str, Any]:
    """What putting this version in force would add and take away, compared with the one that is: by key id."""
    now = TrustList.objects.filter(name=row.name, state=ListState.IN_FORCE).exclude(pk=row.pk).first()
    own = {one.kid: one for one in signers(row)}
    held = {one.kid: one for one in signers(now)} if now else {}
    return {
        "before": now,
        "added": [one for kid, one in own.items() if kid not in held],
        "gone": [one for kid, one in held.items() if kid not in own],
    }


def kept_by(person: Person) -> QuerySet[KeptPass]:
    return KeptPass.objects.filter(person=person).order_by("-id")


def kept(person: Person, ref: str) -> KeptPass | None:
    return kept_by(person).filter(ref=ref).first()


def register_said(person: Person) -> KnownTest | None:
    return KnownTest.objects.filter(person=person, source=KnownTest.Source.REGISTER).first()
