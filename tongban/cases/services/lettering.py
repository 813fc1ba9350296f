"""Letters enter the series of their department, are checked by anybody who holds one, and are made again without losing the first.

A letter takes its number after the act that wrote it, in a transaction of its own: an act on a bundle writes letters of several
departments, and two such acts would otherwise hold their series in a circle. The number is given once and never comes back free.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime

import orjson
from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import bundles, events, papers, planning, rules
from tongban.cases.models import ALPHABET, Case, CaseDocument, Letter, LetterSeries, Reissue
from tongban.cases.moving import acting, again, changed
from tongban.cases.permission import permit_to_work
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.composed import composed
from tongban.lib.encryption import blind_index
from tongban.lib.problems import Invalid, NotAllowed

LETTER_MARK = "letter-"
REISSUED_BY = ("dept_approver", "supervisor", "coordinator")
SHORTEST = 3


@journal.carrier(papers.ENTER)
def enter_by_worker(document: int) -> None:
    row = CaseDocument.objects.select_related("case__department", "case__version").filter(pk=document).first()
    if row is None:
        return
    enter(row)
    copy_to_members(row)


def enter(document: CaseDocument) -> Letter | None:
    """The letter's place in its department's series; asked again it is the same. None for papers that take no number."""
    if document.kind not in papers.IN_SERIES or "copy_of" in document.content:
        return None
    found = _entered(document)
    if found is not None:
        return found
    department, year = document.case.department, timezone.localdate(document.made_at).year
    with transaction.atomic():
        LetterSeries.objects.bulk_create([LetterSeries(department=department, year=year)], ignore_conflicts=True)
        series = LetterSeries.objects.select_for_update().get(department=department, year=year)
        found = _entered(document)  # whoever held the series before us may have entered it
        if found is not None:
            return found
        serial = series.last + 1
        LetterSeries.objects.filter(pk=series.pk).update(last=serial)
        return Letter.objects.create(
            document=document,
            department=department,
            year=year,
            serial=serial,
            token=LETTER_MARK + "".join(secrets.choice(ALPHABET) for _place in range(16)),
            code=code_of(document),
        )


def _entered(document: CaseDocument) -> Letter | None:
    return Letter.objects.select_related("department").filter(document=document).first()


def code_of(document: CaseDocument) -> str:
    """The keyed code over everything the paper says."""
    said = [document.number, document.kind, document.content]
    return blind_index(orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode(), "cases.letter")


def copy_to_members(document: CaseDocument) -> int:
    """What was said of the whole and binds its parts stands in each part that goes on, once; answers how many copies were made."""
    if document.kind not in papers.COPIED_TO_MEMBERS or not planning.is_bundle(document.case):
        return 0
    made = 0
    for part in bundles.parts_of(document.case):
        if part.lost or part.case.number is None:
            continue
        number = f"{document.number}-{part.case.number.rpartition('-')[2]}"[:40]
        try:
            with transaction.atomic():
                _row, new = CaseDocument.objects.get_or_create(
                    number=number,
                    defaults={
                        "case": part.case,
                        "kind": document.kind,
                        "made_at": document.made_at,
                        "content": {**document.content, "copy_of": document.number},
                    },
                )
        except IntegrityError:  # another hand was faster
            continue
        if new:
            made += 1
            changed(part.case)
    return made


def may_reissue(officer: Officer, document: CaseDocument) -> bool:
    """Whoever answers for the department's letters, for a letter that still stands."""
    return (
        document.kind in papers.IN_SERIES
        and "copy_of" not in document.content
        and bool(set(officer.roles) & set(REISSUED_BY))
        and officer.active
        and (officer.department_id == document.case.department_id or bool(set(officer.roles) & rules.HALL_ROLES))
        and not Reissue.objects.filter(first=document).exists()
    )


def of_case(case: Case) -> list[CaseDocument]:
    """Its papers, the newest first, each with its number and what stands in its place: one query."""
    rows = _papers(case=case.pk)
    for row in rows:
        row.case = case
    return rows


@composed(case=BigIntegerField())
def _papers(case):
    rows = CaseDocument.objects.filter(case_id=case)
    return rows.select_related("letter__department", "replaced__document").order_by("-id")


def listed(case: Case, officer: Officer) -> list[dict]:
    """The same for an officer, who may make some of them again."""
    answers = bool(set(officer.roles) & set(REISSUED_BY)) and (
        officer.department_id == case.department_id or bool(set(officer.roles) & rules.HALL_ROLES)
    )
    return [
        {
            "paper": one,
            "may_reissue": answers
            and one.kind in papers.IN_SERIES
            and getattr(one, "replaced", None) is None
            and "copy_of" not in one.content,
        }
        for one in of_case(case)
    ]


def reissue(
    document: CaseDocument,
    *,
    officer: Officer,
    why: str,
    english: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> CaseDocument:
    """Make a letter again, with the applicant's name and the department's as they are now. The first stays and names the new one.

    What was decided, and why, stays word for word: to change that takes a decision and not a letter.
    """
    now = now or timezone.now()
    why = why.strip()
    permit_to_work(officer, document.case)
    if len(why) < SHORTEST or len(why) > 500:
        sentence = _("Say in a few words what is put right.")
        raise Invalid("reissue-why", sentence, errors={"why": [sentence]})
    if document.kind not in papers.IN_SERIES or "copy_of" in document.content:
        raise NotAllowed("no-letter", _("Only a letter with a number of its own is made again."))
    if not set(officer.roles) & set(REISSUED_BY):
        raise NotAllowed("not-your-letter", _("A letter is made again by whoever answers for it."), status=403)
    with transaction.atomic():
        case = again(document.case)
        first = CaseDocument.objects.select_for_update().get(pk=document.pk)
        if Reissue.objects.filter(first=first).exists():
            raise NotAllowed("replaced-already", _("This letter was made again already; look at the newer one."))
        entered = enter(first)
        said = papers.both(why, (english or {}).get("why", ""))
        day = papers.said_day(timezone.localdate(first.made_at))
        old = entered.number if entered is not None else {"zh": first.number, "en": first.number}
        whole = "-00" if planning.is_bundle(case) else ""
        fresh = CaseDocument.objects.create(
            case=case,
            kind=first.kind,
            number=f"{case.number or case.ref}{whole}-{case.documents.count() + 1:02d}",
            made_at=now,
            content={
                **first.content,
                "applicant": case.applicant.names,
                "department": case.department.name,
                "made_at": now.isoformat(),
                "remark": {
                    "zh": f"本文书替换{day['zh']}作出的{old['zh']}，决定内容不变。更正说明：{said['zh']}",
                    "en": f"This letter stands in the place of {old['en']} of {day['en']}; what was decided stays as it is. "
                    f"What was put right: {said['en']}",
                },
            },
        )
        row = Reissue.objects.create(first=first, document=fresh, officer=officer, why=why, at=now)
        role = next(one for one in REISSUED_BY if one in officer.roles)
        journal.record(
            events.LetterReissued(case=case.pk, reissue=row.pk), subject=case.subject, actor=acting(officer, role)
        )
        journal.enqueue(papers.ENTER, once=f"enter:{fresh.pk}", document=fresh.pk)
        changed(case)
    return fresh


def gaps(department: int, year: int) -> list[int]:
    """Numbers of a series that are missing or stand twice: always empty, and looked at by the tests and whoever doubts it."""
    given = list(
        Letter.objects.filter(department=department, year=year).order_by("serial").values_list("serial", flat=True)
    )
    last = LetterSeries.objects.filter(department=department, year=year).values_list("last", flat=True).first() or 0
    return sorted(set(range(1, last + 1)) ^ set(given)) + [one for one in set(given) if given.count(one) > 1]
