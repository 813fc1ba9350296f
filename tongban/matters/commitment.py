"""Where no decision may rest on a promise: public safety, ecology, life and health must not be directly at stake (domain.md 7).

By the law a matter stands on, and by name where the law alone does not say it. Asked when a guide is published, and again when
somebody chooses this way. Kept out on purpose, since their laws allow it themselves: food (pilot of Pudong), the hygiene of public
places, and the fire check before opening (Fire Protection Law, art. 15).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.matters.models import MatterVersion

SAFETY, HEALTH, ECOLOGY = "safety", "health", "ecology"
WORDS = {
    SAFETY: _("Public safety is directly at stake."),
    HEALTH: _("Life and health are directly at stake."),
    ECOLOGY: _("The environment is directly at stake."),
}
LAWS = {
    "危险化学品": SAFETY,
    "民用爆炸物品": SAFETY,
    "烟花爆竹": SAFETY,
    "枪支管理": SAFETY,
    "特种设备安全": SAFETY,
    "安全生产法": SAFETY,
    "矿山安全": SAFETY,
    "保安服务": SAFETY,
    "旅馆业治安": SAFETY,
    "道路交通安全": SAFETY,
    "燃气管理": SAFETY,
    "药品管理法": HEALTH,
    "疫苗管理法": HEALTH,
    "医疗器械": HEALTH,
    "医疗机构": HEALTH,
    "传染病防治": HEALTH,
    "护士条例": HEALTH,
    "母婴保健": HEALTH,
    "动物防疫": HEALTH,
    "环境影响评价": ECOLOGY,
    "环境保护法": ECOLOGY,
    "放射性污染": ECOLOGY,
    "水污染防治": ECOLOGY,
    "大气污染防治": ECOLOGY,
    "固体废物污染": ECOLOGY,
}
MATTERS = {
    "clinic-filing": HEALTH,
    "smart-prescription": HEALTH,
    "elevator-retrofit": SAFETY,
    "swimming-licence": SAFETY,
    "entertainment-licence": SAFETY,
    "construction-waste": ECOLOGY,
    "pollutant-registration": ECOLOGY,
}


def at_stake(slug: str, legal_basis: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is directly at stake in this matter, each once: safety, health, ecology; empty where a promise may be enough."""
    found = {MATTERS[slug]} if slug in MATTERS else set()
    for basis in legal_basis:
        name = str(basis.get("zh", ""))
        found |= {what for law, what in LAWS.items() if law in name}
    return sorted(found)


def reasons_against(version: MatterVersion) -> list:
    """Why nothing of this matter is decided on a promise; empty when it may be."""
    stakes = [WORDS[what] for what in at_stake(version.matter.slug, version.legal_basis)]
    if not version.commitment:
        return [_("This matter is not decided on a promise."), *stakes]
    return stakes
