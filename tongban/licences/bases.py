"""On which legal basis an issuer may suspend, revoke, cancel, correct or give back a licence: the list an officer chooses from.

Whoever runs the platform has the list checked before real use: laws are revised. Where a law of its own field is the basis (food, tobacco,
medicine, traffic), the officer chooses `sector` and names law and article.
"""

from dataclasses import dataclass

from tongban.lib.bilingual import Bilingual, say

SECTOR = "sector"


@dataclass(frozen=True)
class Basis:
    code: str
    name: Bilingual

    def __str__(self) -> str:
        return say(self.name)

    def said(self, ground: str) -> str:
        """As it stands in a letter: Chinese, with the article of a special law where one is named."""
        if self.code == SECTOR:
            return ground
        return f"{self.name['zh']}；{ground}" if ground else self.name["zh"]


def _basis(code: str, zh: str, en: str) -> Basis:
    return Basis(code, {"zh": zh, "en": en})


_SECTOR = _basis(SECTOR, "本领域的法律、法规（请写明条款）", "A law of this field (name it with its article)")
_PENALTY_HOLD = _basis(
    "penalty-hold",
    "《行政处罚法》第九条：暂扣许可证件",
    "Administrative Penalty Law, art. 9: holding a permit back for a time",
)
_PENALTY_TAKE = _basis(
    "penalty-take", "《行政处罚法》第九条：吊销许可证件", "Administrative Penalty Law, art. 9: taking a permit away"
)
_WRONGLY = _basis(
    "licensing-69",
    "《行政许可法》第六十九条：依法撤销行政许可",
    "Administrative Licensing Law, art. 69: a permit that was wrongly granted",
)

BASES: dict[str, tuple[Basis, ...]] = {
    "suspend": (_PENALTY_HOLD, _SECTOR),
    "revoke": (_WRONGLY, _PENALTY_TAKE, _SECTOR),
    "resume": (
        _basis("reason-gone", "暂停的原因已经消除", "The reason for the suspension is gone"),
        _basis("time-over", "暂停的期限已经届满", "The time of the suspension is over"),
        _basis("annulled", "复议决定或者法院判决撤销了暂停", "Reconsideration or a court annulled the suspension"),
    ),
    "cancel": (
        _basis("own-wish", "《行政许可法》第七十条：持证人申请注销", "Administrative Licensing Law, art. 70: at the holder's own wish"),
        _basis("death", "《行政许可法》第七十条：公民死亡或者丧失行为能力", "Administrative Licensing Law, art. 70: death or loss of capacity"),
        _basis("entity-ended", "《行政许可法》第七十条：法人或者其他组织终止", "Administrative Licensing Law, art. 70: the organisation ended"),
        _basis("impossible", "《行政许可法》第七十条：不可抗力致使许可事项无法实施", "Administrative Licensing Law, art. 70: force majeure"),
        _SECTOR,
    ),
    "correct": (
        _basis("own-mistake", "发证机关自行发现并纠正差错（《行政许可法》第六十条）", "A mistake of the issuer, put right (Administrative Licensing Law, art. 60)"),
        _basis("dispute-granted", "持证人提出异议，经核实成立（《个人信息保护法》第四十六条）", "The holder said it was wrong, and was right (Personal Information Protection Law, art. 46)"),
        _basis("changed", "《行政许可法》第四十九条：依法变更", "Administrative Licensing Law, art. 49: changed at the holder's request"),
    ),
}  # fmt: skip


def find(act: str, code: str) -> Basis | None:
    return next((one for one in BASES.get(act, ()) if one.code == code), None)


def options(act: str) -> list[tuple[str, str]]:
    return [(one.code, str(one)) for one in BASES[act]]


def named(code: str) -> Basis | None:
    """Whichever act it belongs to: for pages that show what was done."""
    return next((one for several in BASES.values() for one in several if one.code == code), None)
