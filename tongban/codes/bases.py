"""On which legal basis an order may stand, and on which a person's status: the law, read first. Nothing outside these lists is a basis.

Whoever runs the platform has the lists checked before real use: laws are revised, and a district may have more. There is no basis in them that is
not about the person's own health: a quarrel, a petition or a deposit at a bank cannot be entered.
"""

from dataclasses import dataclass

from django.utils.functional import lazy

from tongban.codes.models import Colour
from tongban.lib.bilingual import Bilingual, say

later = lazy(say, str)  # said in the language of whoever reads the sentence

ORDER_DAYS_AT_MOST = 30  # prolonging is a new order
HEALTH_COLOURS, SERVER_DIARY, ENTRY_RULES = "health_colours", "server_diary", "entry_rules"
MEASURES: dict[str, Bilingual] = {
    HEALTH_COLOURS: {"zh": "身份码显示健康颜色", "en": "Identity codes show health colours"},
    SERVER_DIARY: {"zh": "扫码记录加密保存在平台，14天后销毁", "en": "Check-ins are kept on the platform, sealed, and destroyed after 14 days"},
    ENTRY_RULES: {"zh": "部分场所核验后进入", "en": "Some venues check before people enter"},
}  # fmt: skip


@dataclass(frozen=True)
class OrderBasis:
    code: str
    name: Bilingual
    measures: frozenset[str]

    def __str__(self) -> str:
        return say(self.name)


ORDER_BASES = {
    one.code: one
    for one in (
        OrderBasis(
            "IDL",
            {"zh": "《中华人民共和国传染病防治法》关于紧急措施的规定", "en": "Law on the Prevention and Treatment of Infectious Diseases: emergency measures"},
            frozenset(MEASURES),
        ),
        OrderBasis(
            "PHE",
            {"zh": "《中华人民共和国突发公共卫生事件应对法》关于应急处置措施的规定", "en": "Law on Responding to Public Health Emergencies: emergency measures"},
            frozenset(MEASURES),
        ),
        OrderBasis(
            "ERL",
            {"zh": "《中华人民共和国突发事件应对法》关于限制使用场所的规定", "en": "Emergency Response Law: limits on the use of places"},
            frozenset({ENTRY_RULES}),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class StatusBasis:
    """Leads to one of these colours, for so many days at most. `evidence` says what document or test must be named."""

    code: str
    name: Bilingual
    colours: frozenset[str]
    days: int
    evidence: Bilingual

    def __str__(self) -> str:
        return say(self.name)


GREEN, YELLOW, RED = Colour.GREEN.value, Colour.YELLOW.value, Colour.RED.value
STATUS_BASES = {
    one.code: one
    for one in (
        StatusBasis(
            "positive_test",
            {"zh": "检测结果阳性", "en": "A positive test"},
            frozenset({RED}),
            14,
            {"zh": "检测报告编号", "en": "Number of the test report"},
        ),
        StatusBasis(
            "close_contact",
            {"zh": "流行病学调查认定的密切接触者", "en": "A close contact, found by an epidemiological inquiry"},
            frozenset({YELLOW, RED}),
            7,
            {"zh": "流调报告编号", "en": "Number of the inquiry's report"},
        ),
        StatusBasis(
            "observation",
            {"zh": "医学观察决定", "en": "Medical observation was decided"},
            frozenset({YELLOW}),
            7,
            {"zh": "医学观察通知书编号", "en": "Number of the notice of observation"},
        ),
        StatusBasis(
            "measures_lifted",
            {"zh": "医学措施解除", "en": "Medical measures were lifted"},
            frozenset({GREEN}),
            30,
            {"zh": "解除通知书编号", "en": "Number of the notice that lifts them"},
        ),
        StatusBasis(
            "negative_tests",
            {"zh": "复检结果阴性", "en": "Tests after it were negative"},
            frozenset({GREEN}),
            30,
            {"zh": "检测报告编号", "en": "Number of the test report"},
        ),
        StatusBasis(
            "put_right",
            {"zh": "原决定有误，予以纠正", "en": "The earlier decision was wrong and is put right"},
            frozenset({GREEN, YELLOW}),
            30,
            {"zh": "原决定编号", "en": "Number of the earlier decision"},
        ),
    )
}

COLOUR_WORDS: dict[str, Bilingual] = {
    GREEN: {"zh": "绿色", "en": "green"},
    YELLOW: {"zh": "黄色", "en": "yellow"},
    RED: {"zh": "红色", "en": "red"},
}
