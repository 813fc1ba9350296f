"""What is asked about identity codes, from somebody's eyes."""

from django.db.models import Q

from tongban.codes.models import CodeCheck, IdentityCode, Reader
from tongban.departments.models import Officer
from tongban.parties.models import Account, Party

A_PAGE = 30


def seen(account: Account, before: int | None = None, limit: int = A_PAGE) -> tuple[list[CodeCheck], int | None]:
    """Who read the codes that this person shows: their own on phone and paper, their children's and companies', their badge."""
    mine = Q(shown_by=account.person_id) | Q(party=account.person_id, shown_by=None)
    codes = IdentityCode.objects.filter(mine | Q(officer__account=account)).values("pk")
    rows = (
        CodeCheck.objects.filter(code__in=codes)
        .select_related("reader", "code")
        .only(
            "good",
            "reason",
            "fields",
            "scene",
            "place",
            "at",
            "by_id",
            "reader__name",
            "reader__operator",
            "code__sort",
        )
    )
    found = list((rows if before is None else rows.filter(pk__lt=before)).order_by("-id")[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def last_seen(card: IdentityCode) -> CodeCheck | None:
    """The last reading of this code, for the page that shows it."""
    rows = CodeCheck.objects.filter(code=card).select_related("reader")
    return rows.only("good", "reason", "scene", "place", "at", "reader__name").order_by("-id").first()


def own_checks(officer: Officer, reader: Reader | None = None, limit: int = 10) -> list[CodeCheck]:
    """What an attendant checked last: when, where, and the answer; of whom is not kept for them."""
    rows = CodeCheck.objects.filter(by=officer.account_id, reader__isnull=False)
    rows = rows if reader is None else rows.filter(reader=reader)
    return list(rows.only("good", "reason", "scene", "place", "at").order_by("-id")[:limit])


def company_code(ref: str) -> Party | None:
    """The company behind a printed copy."""
    row = IdentityCode.objects.filter(ref=ref, sort=IdentityCode.Sort.COMPANY).select_related("party__company").first()
    return row.party if row is not None else None
