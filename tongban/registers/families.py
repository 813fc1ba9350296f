"""What the family register says of a parent's children, kept as bonds in `parties`; asked before any row is held."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.problems import NotAllowed, Unavailable
from tongban.parties import families, rules
from tongban.parties.models import Account, Kinship
from tongban.registers import services

RESOURCE, ERRAND = "family-register", "family-account"
GROUND = {
    "zh": "《中华人民共和国民法典》第二十七条：父母是未成年子女的监护人",
    "en": "Civil Code, art. 27: parents are the guardians of their minor children",
}


def find_children(account: Account, *, now: datetime | None = None) -> list[Kinship]:
    """The minors whom the register names as this person's children: from now on the person may act for them.

    Asked by the parent about the parent: nobody types a child's number, so nobody finds out whose child somebody is.
    """
    now = now or timezone.now()
    parent = account.person
    if parent is None or account.level < rules.VERIFIED:
        raise NotAllowed(
            "identity-not-proved", _("Please prove your identity first."), next_step=_("It takes about a minute.")
        )
    answer = services.read(
        RESOURCE,
        of=parent,
        matter=ERRAND,
        about=f"party:{parent.pk}",
        purpose="decision",
        fields=["children"],
        actor=Actor(kind="applicant", role="applicant", account=account.pk, party=parent.pk),
    )
    if answer is None:
        last = services.last_outcome(RESOURCE, of=parent, matter=ERRAND)
        if last != "not_found":
            raise Unavailable(
                "register-silent",
                _("The family register does not answer at the moment."),
                kept=_("Nothing was changed."),
                next_step=_("Try again in a few minutes, or come to any window with the birth certificate."),
            )
    told = answer.get("children") or () if answer is not None else ()
    children = [child for one in told if (child := _child(one)) is not None]
    found = families.record_children(parent, children, account=account, now=now)
    with transaction.atomic():
        for bond in found:  # the child sees, when it is grown up, who was told of it
            journal.note_read(
                actor=Actor(kind="applicant", role="agent", account=account.pk, party=bond.person_id),
                of_party=bond.person_id,
                purpose="family",
                fields=["name", "id_no"],
                about=f"party:{parent.pk}",
            )
    return found


def _child(told: dict) -> families.Child | None:
    """One line of the register in our words; one without a number or a day of birth is nobody we could know again."""
    try:
        born = date.fromisoformat(str(told.get("birth_date")))
    except ValueError:
        return None
    number = rules.check_number(str(told.get("id_kind") or "id-card"), str(told.get("id_no") or ""))
    if not number.valid or not told.get("name"):
        return None
    return families.Child(
        id_kind=rules.kind(str(told.get("id_kind") or "id-card")),
        id_no=number.value,
        name=str(told["name"]),
        name_en=str(told.get("name_en") or ""),
        birth_date=born,
        sex="M" if told.get("sex") == "M" else "F",
        nationality=str(told.get("nationality") or "CN")[:3],
        reference=str(told.get("certificate") or "")[:80],
    )
