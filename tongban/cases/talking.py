"""What is asked of conversations: the thread as its two sides see it, what waits at a desk, ready answers, papers asked for by the way."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import BigIntegerField, Q
from django.utils import timezone

from tongban.cases import bundles, planning, rules
from tongban.cases.models import Case, Question, ReadyAnswer, Talk
from tongban.cases.states import BEFORE_ACCEPTANCE, WITH_APPLICANT
from tongban.departments.models import Officer
from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed

PAGE = 50

OPEN_AFTER_THE_END = timedelta(days=15)


@dataclass(frozen=True)
class Ready:
    """A ready answer. With `waits` it says that an answer comes: the question still waits after it."""

    key: str
    words: Bilingual
    waits: bool = False


READY = (  # those every office begins with
    Ready(
        "received",
        {
            "zh": "您的问题已收到，我们会在一个工作日内答复。",
            "en": "We have your question and will answer within one working day.",
        },
        waits=True,
    ),
    Ready(
        "on_the_way",
        {
            "zh": "您的申请正在办理，暂时不需要您做任何事；有进展会立即通知您。",
            "en": "Your application is being handled. There is nothing you need to do now; we tell you as soon as something changes.",
        },
    ),
    Ready(
        "nothing_missing",
        {
            "zh": "您的材料已经齐全，不需要再交任何材料。",
            "en": "Your documents are complete. Nothing more is needed.",
        },
    ),
    Ready(
        "see_notice",
        {
            "zh": "需要您做的事都写在办件页面的告知书中，请按其中所列一次办好。",
            "en": "Everything we need from you stands in the notice on the page of your case; please do all of it at once.",
        },
    ),
    Ready(
        "ring",
        {
            "zh": "电话里说可能更清楚：请在“帮助”页面预约回电，我们会在一个服务小时内打给您。",
            "en": "It may be easier by telephone: ask for a call on the help page, and we ring within one service hour.",
        },
    ),
    Ready(
        "come",
        {
            "zh": "您也可以带上身份证件到任一综合窗口，工作人员当面协助您。",
            "en": "You can also come to any comprehensive window with your identity document; somebody helps you there.",
        },
    ),
    Ready(
        "result",
        {
            "zh": "结果已经可以领取，请在办件页面查看领取方式。",
            "en": "Your result is ready. The page of your case says how to get it.",
        },
    ),
    Ready(
        "thanks",
        {"zh": "谢谢您的说明，我们已经记录在案。", "en": "Thank you for explaining; it is on record now."},
    ),
)


def ready_of(department: int) -> list[Ready]:
    """What the officers of a department answer with: its own, or those every office begins with."""
    rows = _ready(department=department)
    return [Ready(row.first or str(row.pk), row.words, row.waits) for row in rows] or list(READY)


@composed(department=BigIntegerField())
def _ready(department):
    return ReadyAnswer.objects.filter(department_id=department)


def has_own_ready(department: int) -> bool:
    return ReadyAnswer.objects.filter(department=department).exists()


_ASKING = re.compile(
    r"(请|需要?|麻烦|还要|务必|应当?)[^。；\n]{0,14}(补交|补充|提供|提交|上传|出具|再交|附上|带来|发来|寄来)"
    r"|\b(please|must|need(?:s|ed)?(?: you)? to|have to|kindly)\b[^.;\n]{0,40}\b(send|provide|upload|submit|hand in|attach|supply|bring)\b",
    re.IGNORECASE,
)
_PAPER = re.compile(
    r"证明|材料|复印件|原件|证件|合同|证书|文件|照片|流水|发票|户口|盖章|报告"
    r"|\b(certificates?|documents?|cop(?:y|ies)|originals?|papers?|proofs?|contracts?|statements?|photos?|invoices?|reports?)\b",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"(不需要|无需|不用|不必|不要求|没有必要)|\b(no need|not need|nothing more|do not|don't|need not)\b", re.IGNORECASE
)


def asks_for_papers(text: str) -> bool:
    """Does a sentence of this read like asking for a paper? A hint for its author and no judgement: words are clever, patterns are not."""
    for sentence in re.split(r"[。！？!?\n]|\.\s", text):
        if _ASKING.search(sentence) and _PAPER.search(sentence) and not _NOT.search(sentence):
            return True
    return False


@dataclass
class Line:
    """One entry as both sides see it. `read`: the other side has had it before its eyes; `part`: the member it was said to."""

    question: Question
    pages: list
    read: bool
    part: Bilingual | None

    @property
    def office(self) -> bool:
        return self.question.officer_id is not None


def talks(case: Case) -> list[Talk]:
    return list(Talk.objects.filter(Q(pk=case.pk) | Q(case__parent=case.pk)))


@composed(case=BigIntegerField())
def _said(case, parts):
    wanted = Q(case_id=case) | Q(case__parent_id=case) if parts else Q(case_id=case)
    return (
        Question.objects.filter(wanted)
        .select_related("officer__department", "account", "case__version", "case__department", "paper__document")
        .prefetch_related("paper__document__pages")
        .order_by("id")
    )


def thread(case: Case, *, whole: bool = True) -> list[Line]:
    """Everything said in the case in its order; of a bundle, for its applicant, what was said in its parts, too: three queries."""
    rows = _said(case=case.pk, parts=whole and planning.is_bundle(case))
    marks = {one.pk: one for one in (talks(case) if whole else Talk.objects.filter(pk=case.pk))}
    lines = []
    for row in rows:
        mark, paper = marks.get(row.case_id), getattr(row, "paper", None)
        seen = 0 if mark is None else mark.read_by_applicant if row.officer_id else mark.read_by_office
        lines.append(
            Line(
                question=row,
                pages=list(paper.document.pages.all()) if paper is not None else [],
                read=seen >= row.pk,
                part=row.case.version.name if row.case_id != case.pk else None,
            )
        )
    return lines


def parts_to_ask(case: Case) -> list[tuple[str, Bilingual]]:
    """To whom the applicant of a bundle may write: (reference of the member, its department); empty for a single case."""
    if not planning.is_bundle(case):
        return []
    return [
        (
            part.case.ref,
            {
                key: f"{part.case.department.name[key]}{mark}{part.case.version.name[key]}"
                for key, mark in (("zh", "："), ("en", ": "))
            },
        )
        for part in bundles.parts_of(case)
        if not part.lost and part.case.number
    ]


def closed(now: datetime) -> Q:
    """Conversations in which nobody can write any more: some days after the end of the case."""
    return Q(case__ended_at__lt=now - OPEN_AFTER_THE_END)


def waiting(
    officer: Officer, *, after: tuple[date, int] | None = None, limit: int = PAGE, now: datetime | None = None
) -> list[Talk]:
    """What waits for an answer at this officer's desk, the earliest first: the department's own; at the hall what is not accepted yet."""
    reach = Q(case__department=officer.department_id)
    if set(officer.roles) & rules.HALL_ROLES:
        reach |= Q(case__state__in=BEFORE_ACCEPTANCE | WITH_APPLICANT)
    rows = Talk.objects.filter(reach, waiting_since__isnull=False).exclude(closed(now or timezone.now()))
    if after is not None:
        rows = rows.filter(Q(due__gt=after[0]) | Q(due=after[0], case__gt=after[1]))
    return list(
        rows.select_related("case__version", "case__department").order_by("due", "case").only(
            "waiting_since", "due", "case__ref", "case__number", "case__state", "case__version__name",
            "case__department__name",
        )[:limit]
    )  # fmt: skip


def light(talk: Talk, today: date) -> str:
    """Green while there is time, yellow on the last day, red after it."""
    if talk.due is None or talk.waiting_since is None:
        return ""
    return "red" if today > talk.due else "yellow" if today == talk.due else "green"
