"""An application as far as it is filled in, as PDF for the applicant. It has no number and no seal, and says that it was not sent."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import override

from tongban.cases import rules
from tongban.cases.models import Case
from tongban.lib.bilingual import Bilingual, both, say
from tongban.lib.formschema import Field
from tongban.licences.rendering import Fact, Letter, Notice, Table, render_document
from tongban.places import queries as places

NOT_SENT = Notice(
    both("尚未提交", "Not sent"),
    both(
        "本件仅为截至上述时间已填写内容的打印件，尚未提交，不能证明已经申请，也不产生任何法律效力。",
        "This only shows what was filled in by the time above. Nothing was sent: it is no proof of an application and has no legal effect.",
    ),
)
NOTHING = both("（未填写）", "(not filled in)")


def draw(case: Case, now: datetime) -> bytes:
    """Numbers of people stay covered, as on the page; what is not asked is not there."""
    form, values = rules.form_of(case), rules.plain_values(case.values)
    at = timezone.localtime(now)
    name = case.applicant.name
    rows = [[dict(one.label), _shown(one, values.get(one.id))] for one in form.visible(values)]
    return render_document(
        Letter(
            kind="application-so-far",
            number="",
            case_number=case.number or "",
            issuer=case.department.name,
            addressee=name,
            dated=at.date(),
            facts=[
                Fact(both("事项", "Matter"), case.version.name),
                Fact(both("填写至", "Filled in by"), f"{at:%Y-%m-%d %H:%M}"),
            ],
            blocks=[NOT_SENT, Table((both("项目", "Question"), both("填写内容", "Answer")), rows)],
            title=both("申请表（未提交）", "Application form (not sent)"),
            place_for_seal=False,
            demo=settings.DEMO,
        )
    )


def _shown(one: Field, value) -> Bilingual:
    words = {}
    for language, code in (("zh", "zh-hans"), ("en", "en")):
        with override(code):
            shown = one.covered(value) or one.display(value)
            if one.type == "division" and shown and (row := places.division(shown)) is not None:
                shown = say(row.name)
            words[language] = shown
    return words if words["zh"] else NOTHING
