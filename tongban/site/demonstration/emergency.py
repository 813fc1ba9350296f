"""Who acts in an emergency in the demonstration, and the one order it ever had: a drill of last autumn, lifted after two days.

None is in force: every code is blue, as it is as a rule. A visitor who wants to see more proposes an order and puts it in force.
"""

from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from tongban.codes.models import EmergencyOrder
from tongban.codes.services import ordering
from tongban.departments.models import Department, Officer
from tongban.departments.services import appoint
from tongban.parties import services as parties
from tongban.parties.models import Account
from tongban.places import queries as places
from tongban.site.demonstration import people

STAFF: list[tuple[str, str, list[str], str, str]] = [
    ("hc-propose", "HC", ["health_officer"], "周提议员", "Zhou (Health, proposes)"),
    ("hc-decide", "HC", ["health_approver"], "吴审批员", "Wu (Health, decides)"),
    ("hc-decide2", "HC", ["health_approver"], "郑复核员", "Zheng (Health, appeals)"),
    ("command", "DSO", ["emergency_authority"], "王指挥员", "Wang (Emergency command)"),
    ("hc-inspect", "HC", ["inspector"], "冯检查员", "Feng (Health, inspects)"),
]
AREA = "310107"


@transaction.atomic
def build(now: datetime) -> None:
    """Twice changes nothing."""
    staff = _staff()
    area = places.division(AREA)
    if EmergencyOrder.objects.exists() or area is None or len(staff) < len(STAFF):
        return
    began = now - timedelta(days=45)
    row = ordering.propose_order(
        officer=staff["hc-propose"],
        basis="ERL",
        area=area,
        title={"zh": "应急演练：场所进入登记", "en": "Drill: registering at entrances"},
        reason={
            "zh": "年度应急演练：检验场所在两天内启用进入登记、按时停用的能力。演练期间不显示健康颜色，不保存扫码记录。",
            "en": "Yearly drill: can venues begin to register within two days and stop in time? No health colours, no diary on the server.",
        },
        ends_at=began + timedelta(days=5),
        entry_rules={"wet market": "register", "government office": "register"},
        now=began,
    )
    ordering.put_in_force(row, officer=staff["command"], now=began)
    ordering.lift_order(
        row,
        officer=staff["command"],
        why="演练结束，所有场所已恢复常态。The drill is over.",
        now=began + timedelta(days=2),
    )


def _hashed() -> str:
    """The one that everybody of the demonstration has: making another takes its time."""
    there = Account.objects.filter(login="coordinator").values_list("password", flat=True).first()
    return there or make_password(people.PASSWORD)


def _staff() -> dict[str, Officer]:
    """The officers of an emergency, made where they are not there yet."""
    found: dict[str, Officer] = {}
    departments = Department.objects.in_bulk([code for _login, code, *_rest in STAFF], field_name="code")
    hashed = ""
    for number, (login, code, roles, zh, en) in enumerate(STAFF, 901):
        if code not in departments:
            continue
        known = Officer.objects.select_related("account", "department").filter(account__login=login).first()
        if known is None:
            hashed = hashed or _hashed()
            account = people._account(login, hashed)
            known = appoint(
                account,
                department=departments[code],
                staff_no=f"{code}-{number}",
                name={"zh": zh, "en": en},
                roles=roles,
            )
            parties.give_demonstration_second_factor(account, people.second_factor(login))
        found[login] = known
    return found
