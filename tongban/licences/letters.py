"""Letters about a licence that a department means to suspend or revoke: what it means to do, and what it decided. Drawn when opened."""

from django.conf import settings
from django.utils import timezone

from tongban.lib.bilingual import Bilingual
from tongban.licences import services
from tongban.licences.models import Proceeding
from tongban.licences.proceeding_states import ProceedingState
from tongban.licences.rendering import Fact, Letter, Notice, Paragraph

TITLES: dict[tuple[str, str], Bilingual] = {
    ("open", "suspend"): {"zh": "拟暂停证照告知书", "en": "Notice that a licence is to be suspended"},
    ("open", "revoke"): {"zh": "拟撤销证照告知书", "en": "Notice that a licence is to be revoked"},
    ("carried_out", "suspend"): {"zh": "暂停证照决定书", "en": "Decision to suspend a licence"},
    ("carried_out", "revoke"): {"zh": "撤销证照决定书", "en": "Decision to revoke a licence"},
    ("dropped", "suspend"): {"zh": "不予暂停决定书", "en": "Decision not to suspend a licence"},
    ("dropped", "revoke"): {"zh": "不予撤销决定书", "en": "Decision not to revoke a licence"},
}
DOES: dict[str, Bilingual] = {
    "suspend": {"zh": "暂停", "en": "suspend"},
    "revoke": {"zh": "撤销", "en": "revoke"},
}
APPEAL: Bilingual = {
    "zh": "如不服本决定，可自收到之日起60日内向本级人民政府申请行政复议，或者自收到之日起6个月内依法向人民法院提起行政诉讼。",
    "en": "You may ask the people's government of this district for administrative reconsideration within 60 days of receiving this "
    "decision, or bring an action before the people's court within 6 months.",
}


def letters_of(row: Proceeding) -> list[str]:
    """Which letters there are: what was announced, and what was decided about it."""
    return ["notice"] if row.state == ProceedingState.OPEN else ["notice", "decision"]


def draw(row: Proceeding, which: str) -> bytes:
    """One of them as sealed PDF, by the key of the department that does it."""
    decided = which == "decision"
    at = row.decided_at if decided and row.decided_at is not None else row.opened_at
    state = str(row.state) if decided else "open"
    issuer = row.item.regulator if row.item is not None and row.item.regulator is not None else row.licence.issuer
    name = row.item.name if row.item is not None else row.licence.type.name
    holder = row.licence.holder.names
    letter = Letter(
        kind="proceeding",
        number=f"{row.licence.identifier}-{row.pk}{'-2' if decided else '-1'}",
        case_number="",
        issuer=issuer.name,
        addressee=holder.get("zh") or holder.get("en") or "",
        addressed_as={"zh": "持证人", "en": "Holder"},
        dated=timezone.localdate(at),
        title=TITLES[state, str(row.aim)],
        facts=[
            Fact({"zh": "证照", "en": "Licence"}, name),
            Fact({"zh": "证照编号", "en": "Identifier"}, row.licence.identifier),
            *(
                []
                if decided
                else [Fact({"zh": "陈述申辩截止", "en": "Answer until"}, row.answer_until, important=True)]
            ),
        ],
        blocks=_decided(row) if decided else _announced(row),
        verify_url=f"{settings.PUBLIC_URL}/verify/",
        demo=settings.DEMO,
    )
    return services.sealed_letter(letter, department=issuer, now=at)


def _announced(row: Proceeding) -> list[Paragraph | Notice]:
    does = DOES[str(row.aim)]
    urgent: list[Paragraph | Notice] = (
        [Paragraph({"zh": "情况紧急，自本告知书作出之日起先行暂停。", "en": "As it cannot wait, the suspension holds from the day of this notice."})]
        if row.urgent
        else []
    )  # fmt: skip
    return [
        Paragraph({"zh": f"我们拟{does['zh']}上述证照。", "en": f"We intend to {does['en']} the licence named above."}),
        *urgent,
        *_reasons(row.reason, row.ground),
        Notice(
            {"zh": "您的权利", "en": "Your rights"},
            {
                "zh": "您可以在截止日前陈述、申辩，并要求听证；在证照页面即可提交。决定由另一名工作人员作出。",
                "en": "Until the day above you may answer and ask to be heard, on the page of the licence. Another officer decides.",
            },
        ),
    ]


def _decided(row: Proceeding) -> list[Paragraph | Notice]:
    does = DOES[str(row.aim)]
    if row.state == ProceedingState.DROPPED:
        return [
            Paragraph({"zh": f"听取您的意见后，决定不予{does['zh']}，证照效力不变。", "en": f"After hearing you we do not {does['en']} the licence; it holds as before."}),
            *_reasons(row.conclusion, ""),
        ]  # fmt: skip
    heard = (
        {"zh": "您的陈述和申辩已经听取。", "en": "What you answered was read."}
        if row.stated_at is not None
        else {"zh": "您在期限内没有提出陈述和申辩。", "en": "You did not answer within the time given."}
    )
    return [
        Paragraph({"zh": f"现决定{does['zh']}上述证照，自本决定作出之日起生效。", "en": f"We {does['en']} the licence named above from the day of this decision."}),
        Paragraph(heard),
        *_reasons(row.reason, row.ground),
        *_reasons(row.conclusion, ""),
        Notice({"zh": "救济途径", "en": "Ways of appeal"}, APPEAL),
    ]  # fmt: skip


def _reasons(reason: str, ground: str) -> list[Paragraph | Notice]:
    said: list[Paragraph | Notice] = []
    for zh, en, text in (("理由", "Reason", reason), ("依据", "Ground", ground)):
        if text.strip():
            chinese = any("\u4e00" <= sign <= "\u9fff" for sign in text)
            mark = " (written in Chinese only)" if chinese else ""
            said.append(Paragraph({"zh": f"{zh}：{text.strip()}", "en": f"{en}: {text.strip()}{mark}"}))
    return said
