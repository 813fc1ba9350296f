"""For what one may look at somebody without a case, and which laws delay telling the person: the law, read first.

The list of laws is the operator's to have checked before real use: articles change, and a district may have more.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import Bilingual

PURPOSES: dict[str, Any] = {
    "asked_for_help": _("the person asked for help, at a window or by telephone"),
    "connected_case": _("to handle a matter that is connected with it"),
    "complaint": _("to answer a complaint or an appeal"),
    "supervision": _("supervision or audit"),
    "danger": _("danger for somebody's life or health"),
    "investigation": _("an investigation under a law"),
}
NEEDS_LAW = {"investigation"}


@dataclass(frozen=True)
class LawCode:
    """Telling may wait up to `days` where one of these departments, in one of these roles, says so. No department: any."""

    code: str
    name: Bilingual
    days: int
    roles: frozenset[str]
    departments: frozenset[str] = frozenset()

    def may_be_used_by(self, department: str, roles) -> bool:
        return bool(self.roles & set(roles)) and (not self.departments or department in self.departments)


LAW_CODES = {
    law.code: law
    for law in (
        LawCode(
            "CPL-54",
            {
                "zh": "刑事诉讼法第五十四条：向有关单位收集、调取证据",
                "en": "Criminal Procedure Law, article 54: collecting evidence from bodies concerned",
            },
            180,
            frozenset({"dept_approver"}),
            frozenset({"PSB"}),
        ),
        LawCode(
            "SVL-18",
            {
                "zh": "监察法第十八条：监督、调查中收集、调取证据",
                "en": "Supervision Law, article 18: collecting evidence in supervision and investigation",
            },
            180,
            frozenset({"auditor"}),
        ),
        LawCode(
            "PIPL-35",
            {
                "zh": "个人信息保护法第三十五条：告知将妨碍国家机关履行法定职责",
                "en": "Personal Information Protection Law, article 35: telling would hinder a statutory duty",
            },
            30,
            frozenset({"dept_approver"}),
            frozenset({"PSB", "AMR", "TAX"}),
        ),
    )
}


def open_to(department: str, roles) -> list[LawCode]:
    """The laws an officer of this department, in these roles, may name."""
    return [law for law in LAW_CODES.values() if law.may_be_used_by(department, roles)]
