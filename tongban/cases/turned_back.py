"""What the machine says when it gives an application back at once: which answer it is about, what is so, and what to do next.

The one thing it may do beside granting, and only for the matters in TURNED_BACK. What is known of a person's health is never laid at a name here:
whoever makes a list of numbers would otherwise learn from us how those people are.
"""

from datetime import date, timedelta
from typing import Any

from tongban.cases.facts import named_in
from tongban.cases.models import Case
from tongban.lib.bilingual import Bilingual
from tongban.lib.rules import Line

TURNED_BACK = {"resumption-of-work"}  # the one matter whose failed rules the applicant is shown at once, to try again
ROWS_NAMED = 10
NOBODY_NAMED: Bilingual = {
    "zh": "为保护隐私，这里不写是谁；本人在自己的身份码和健康凭证页面可以看到。",
    "en": "Who it is, is not said here: everybody sees it under their own code and health passes.",
}

# fact -> the answer it is about, what is so, what to do next
ADVICE: dict[str, tuple[str, Bilingual, Bilingual]] = {
    "venue_code.state": (
        "venue_code",
        {"zh": "贵单位没有正在使用的场所码。", "en": "Your company has no venue code in use."},
        {
            "zh": "请先申领场所码，或让暂停的场所码恢复使用，再重新提交。",
            "en": "Apply for a venue code, or have the suspended one put in use again; then send this again.",
        },
    ),
    "staff.count": (
        "staff",
        {"zh": "员工名册里还没有人。", "en": "Nobody is on the staff list yet."},
        {"zh": "请填写或上传员工名册。", "en": "Type the staff list, or upload it."},
    ),
    "staff.oldest_test_hours": (
        "staff",
        {"zh": "名册中有员工的检测已过时限。", "en": "Somebody on the staff list has a test that is too old."},
        {
            "zh": "请让员工重新检测并更新名册，或先把未检测的员工从名册中去掉，再重新提交。",
            "en": "Have them tested again and bring the list up to date, or leave out for now who was not tested; then send this again.",
        },
    ),
    "staff.any_red_or_yellow": (
        "staff",
        {"zh": "名册中有员工的身份码是红色或黄色。", "en": "Somebody on the staff list has a red or yellow code."},
        {
            "zh": "请让员工查看自己的身份码，把暂时不能到岗的员工从名册中去掉，再重新提交。",
            "en": "Ask your staff to look at their own codes, leave out who has to stay at home, and send this again.",
        },
    ),
    "staff.any_positive": (
        "staff",
        {
            "zh": "名册中有员工最近一次检测为阳性。",
            "en": "Somebody on the staff list has a positive test.",
        },
        {
            "zh": "请让员工查看自己的检测结果，把暂时不能到岗的员工从名册中去掉，再重新提交。",
            "en": "Ask your staff to look at their own results, leave out who has to stay at home, and send this again.",
        },
    ),
    "commitment.signed": (
        "plan",
        {"zh": "防疫方案承诺还没有勾选。", "en": "The prevention commitment is not given yet."},
        {"zh": "请阅读承诺并勾选，再重新提交。", "en": "Read it, tick it, and send this again."},
    ),
    "area.sealed": (
        "site",
        {"zh": "复工场所所在区域目前封控。", "en": "The area of this site is sealed at present."},
        {
            "zh": "解封之后可以直接重新提交，已填写的内容都会保留。",
            "en": "Send this again once the area is open: everything you filled in is kept.",
        },
    ),
}
UNNAMED = {"staff.any_red_or_yellow", "staff.any_positive"}


def finding(case: Case, line: Line, today: date) -> dict[str, Any]:
    """A failed rule as a finding at the answer it is about, in both languages."""
    fields = {one["id"]: one for one in case.version.form}
    consent = next((name for name, one in fields.items() if one["type"] == "consent"), case.version.form[-1]["id"])
    fact = next((one for one in sorted(named_in(_part(case.version.rules, line.path))) if one in ADVICE), None)
    if fact is None:
        field, parts = consent, [line.text]
    else:
        field, what, next_step = ADVICE[fact]
        who = (
            [NOBODY_NAMED]
            if fact in UNNAMED
            else _too_old(case, line, today)
            if fact == "staff.oldest_test_hours"
            else []
        )
        parts = [what, *who, next_step]
    words = {"zh": "".join(one["zh"] for one in parts), "en": " ".join(one["en"] for one in parts)}
    return {
        "field": field if field in fields else consent,
        "text": f"{words['zh']} / {words['en']}",
        "words": words,
    }


def _part(logic: Any, path: str) -> Any:
    """Where a JSON pointer of a rule leads."""
    for step in path.strip("/").split("/"):
        if isinstance(logic, dict) and step in logic:
            logic = logic[step]
        elif isinstance(logic, list) and step.isdecimal() and int(step) < len(logic):
            logic = logic[int(step)]
        else:
            return None
    return logic


def _too_old(case: Case, line: Line, today: date) -> list[Bilingual]:
    """How old the oldest is, and the lines whose day says so by itself: what the company typed, and nothing beside it."""
    said: list[Bilingual] = []
    if isinstance(line.left, int | float) and isinstance(line.right, int | float):
        said.append({
            "zh": f"最早的一次在{line.left:g}小时前，不能超过{line.right:g}小时。",
            "en": f"The oldest was {line.left:g} hours ago; {line.right:g} is the most.",
        })  # fmt: skip
        earliest = (today - timedelta(hours=float(line.right))).isoformat()
        rows = [row for row in case.value("staff") or [] if isinstance(row, dict)]
        old = [number for number, row in enumerate(rows, 1) if str(row.get("last_test") or "9") < earliest]
        if old:
            named, more = ", ".join(map(str, old[:ROWS_NAMED])), len(old) - ROWS_NAMED
            also = {"zh": f"等{len(old)}行", "en": f" and {more} more"} if more > 0 else {"zh": "行", "en": ""}
            said.append({
                "zh": f"请看第{named.replace(', ', '、')}{also['zh']}。",
                "en": f"See row {named}{also['en']}.",
            })  # fmt: skip
    return said
