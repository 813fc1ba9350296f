"""Who lives and works in the demonstration district, and how they sign in. Nobody of them exists."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password

from tongban.channels.portal.demonstration import PASSWORD
from tongban.departments import services as departments
from tongban.departments.models import Department, Officer
from tongban.lib import yamls
from tongban.matters import promises
from tongban.matters.models import Matter, MatterVersion
from tongban.parties import mandates, rules
from tongban.parties import services as parties
from tongban.parties.models import Account, Company, Mandate, Membership, Person
from tongban.places.models import Division
from tongban.registers import families

SINCE = date(2026, 1, 1)

HOMES = {
    "zhang-wei": "示范区曹杨路100弄2号301室",
    "li-na": "示范区河湾路200弄5号602室",
    "wang-anhui": "示范区桃浦镇创业路18号3室",
    "chen-flex": "示范区武宁路60弄12号501室",
    "zhao-grad": "示范区真北路300弄8号1102室",
    "sun-disabled": "示范区石泉路40弄1号101室",
    "zhou-unemp": "示范区甘泉路22弄6号402室",
    "wu-skill": "示范区长寿路88弄3号905室",
    "zheng-90": "示范区曹杨路110弄7号102室",
    "anna": "示范区河湾路66号1201室",
    "liu-hk": "示范区云岭路9号",
    "feng-talent": "示范区长风路500弄10号1801室",
}
PREMISES = {
    "qihe-trade": "示范区桃浦镇真南路1200号2楼",
    "river-cafe": "示范区河湾路18号底层",
    "food-supply": "示范区桃浦镇绿杨路66号",
    "smart-sec": "示范区桃浦智创城3号楼8层",
    "global-hq": "示范区长风大道1号30层",
    "bad-tax": "示范区真光路700号",
    "start-up": "示范区M50创意园4号楼2层",
    "layoff": "示范区桃浦工业区8号",
}
ENGLISH_FIRST = {"anna", "liu-hk"}
CLERKS = {"qihe-trade": ["li-na"], "river-cafe": ["li-na"], "smart-sec": ["wang-anhui"]}

HELPED_WITH = {
    "insurance-record-print",
    "senior-card",
    "medical-book",
    "offsite-medical-filing",
    "medical-reimburse",
    "social-card",
}
CLERK_PREPARES = {"food-licence-new", "food-licence-renew", "venue-code-apply"}

SURNAMES = [
    "林",
    "何",
    "高",
    "梁",
    "罗",
    "宋",
    "谢",
    "唐",
    "许",
    "韩",
    "曹",
    "邓",
    "冯",
    "程",
    "蔡",
    "潘",
    "袁",
    "于",
    "董",
    "余",
]
SURNAMES_EN = [
    "Lin", "He", "Gao", "Liang", "Luo", "Song", "Xie", "Tang", "Xu", "Han",
    "Cao", "Deng", "Feng", "Cheng", "Cai", "Pan", "Yuan", "Yu", "Dong", "Yu",
]  # fmt: skip

HALL = [
    ("window", ["window_officer"], "综合窗口", "Window"),
    ("window2", ["window_officer"], "综合窗口", "Window"),
    ("prereview", ["pre_reviewer"], "预审", "Pre-review"),
    ("issuing", ["issuing_officer"], "出件窗口", "Issuing"),
    ("supervisor", ["supervisor"], "大厅主管", "Supervisor"),
    ("coordinator", ["coordinator"], "政务服务办", "Service office"),
    ("auditor", ["auditor"], "监察", "Audit"),
]
EDITORS = [  # the service office keeps the catalogue of all departments; this one writes its own guides
    ("catalogue", "DSO", ["catalogue_manager"], "目录管理", "Catalogue"),
    ("editor", "DSO", ["content_editor"], "指南编辑", "Guides"),
    ("amr-catalogue", "AMR", ["catalogue_manager"], "目录管理", "Catalogue"),
    ("amr-editor", "AMR", ["content_editor"], "指南编辑", "Guides"),
    ("catalogue-2", "DSO", ["catalogue_manager"], "目录复核", "Catalogue check"),
]
GUIDES = [("guide", "DSO", ["helper"], "导办", "Guide")]  # walk about in the hall with a tablet


@dataclass
class District:
    """What was made, by the names of the demonstration content."""

    people: dict[str, Person]
    companies: dict[str, Company]
    accounts: dict[str, Account]
    staff: dict[str, Officer]
    attributes: dict[str, dict[str, Any]]

    def account_for(self, party) -> Account:
        """Whoever sends applications for this party: the person, or the legal representative."""
        for slug, person in self.people.items():
            if party.pk == person.pk:
                return self.accounts[slug]
        for company in self.companies.values():
            if party.pk == company.pk:
                return self.account_for(company.legal_representative)
        raise LookupError(party)

    def officer(self, role: str, department: str = "DSO", *, other_than: Officer | None = None) -> Officer:
        return next(
            one
            for one in self.staff.values()
            if role in one.roles and one.department.code == department and one != other_than
        )


def populate(demo: Path) -> District:
    """People, companies, memberships and sign-ins of demo_actors.yaml, and staff for every department."""
    content = yamls.read(demo / "demo_actors.yaml")
    registers = yamls.read(demo / "registers.yaml")
    divisions = Division.objects.in_bulk(field_name="code")
    hashed = make_password(PASSWORD)
    district = District({}, {}, {}, {}, {})
    for number, row in enumerate(content["people"]):
        person = _person(row, number, divisions)
        district.people[row["id"]] = person
        district.attributes[row["id"]] = row["attributes"]
        district.accounts[row["id"]] = _account(
            row["id"], hashed, language="en" if row["id"] in ENGLISH_FIRST else "zh-hans", person=person
        )
    for row in content["companies"]:
        representative = district.people[registers["legal_representatives"][row["id"]]]
        district.companies[row["id"]] = _company(row, representative, divisions)
        district.attributes[row["id"]] = row["attributes"]
        parties.add_member(
            district.companies[row["id"]], representative, Membership.Role.LEGAL_REPRESENTATIVE, since=SINCE
        )
        for clerk in CLERKS.get(row["id"], ()):
            parties.add_member(
                district.companies[row["id"]], district.people[clerk], Membership.Role.CLERK, since=SINCE
            )
    _staff(district, hashed)
    act_for_each_other(district)
    return district


def act_for_each_other(district: District) -> None:
    """A family and a clerk with limits: a mother finds her children, a grandmother of 94 lets somebody help, a café names a helper."""
    families.find_children(district.accounts["li-na"])
    helped, helper = district.people["zheng-90"], district.people["chen-flex"]
    if not Mandate.objects.filter(principal=helped).exists():
        mandates.offer(
            helped,
            id_kind=helper.id_kind,
            id_no=helper.id_no,
            name=helper.name,
            scope=mandates.Scope(
                acts=("see", "prepare", "submit", "receive"),
                matters=tuple(sorted(HELPED_WITH)),
                note="邻居，帮忙办养老和医保",
            ),
            account=district.accounts["zheng-90"],
            level=rules.PRESENT,
        )
    parties.add_member(
        district.companies["river-cafe"],
        district.people["zhou-unemp"],
        Membership.Role.CLERK,
        since=SINCE,
        rights={"acts": ["see", "prepare"], "matters": sorted(CLERK_PREPARES)},
    )


def _person(row: dict, number: int, divisions: dict[str, Division]) -> Person:
    attributes = row["attributes"]
    return parties.record_person(
        id_kind=row["id_kind"],
        id_no=row["id_no_demo"],
        name=row["zh"],
        name_en=row["en"],
        birth_date=date.fromisoformat(row["birth_date"]),
        sex=row["sex"],
        nationality=attributes["nationality"],
        mobile=f"199{99000010 + number:08d}",
        address=HOMES[row["id"]],
        bank_account=bank_account(number),
        division=divisions.get(attributes["hukou_division"] or ""),
    )


def _company(row: dict, representative: Person, divisions: dict[str, Division]) -> Company:
    attributes = row["attributes"]
    company, _made = Company.objects.update_or_create(
        uscc=row["uscc_demo"],
        defaults={
            "name": row["zh"],
            "name_en": row["en"],
            "company_kind": attributes["kind"],
            "legal_representative": representative,
            "established_on": date.fromisoformat(attributes["established_on"]),
            "industry": attributes["industry"],
            "size": attributes["size"],
            "address": PREMISES[row["id"]],
            "bank_account": bank_account(100 + int(row["uscc_demo"][13:17])),
            "division": divisions.get(attributes["registered_division"]),
        },
    )
    return company


def bank_account(number: int) -> str:
    """A card number nobody has: 990000 is no bank's; the last digit makes it add up (Luhn)."""
    digits = f"990000{number:012d}"
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{digits}{-total % 10}"


def _account(login: str, hashed: str, *, language: str = "zh-hans", person: Person | None = None) -> Account:
    account = Account.objects.filter(login=login).first()
    if account is None:
        account = parties.register(
            login, None, email=f"{login}@tongban.invalid", language=language, email_confirmed=True
        )
    account.password = hashed
    account.save(update_fields=["password"])
    if person is not None and account.person_id is None:
        parties.join_person(account, person)
    return account


def _staff(district: District, hashed: str) -> None:
    number = 0
    service_office = Department.objects.get(code="DSO")
    for login, roles, zh, en in HALL:
        number += 1
        _officer(district, login, service_office, roles, zh, en, number, hashed)
    for department in Department.objects.filter(matters__isnull=False).distinct():
        prefix = department.code.lower()
        jobs = [("review", ["dept_reviewer"], "审查", "Review"), ("approve", ["dept_approver"], "审批", "Approval")]
        if department.matters.filter(versions__site_inspection=True).exists():
            jobs += [
                ("inspect1", ["inspector"], "核查", "Inspection"),
                ("inspect2", ["inspector"], "核查", "Inspection"),
            ]
        for job, roles, zh, en in jobs:
            number += 1
            _officer(district, f"{prefix}-{job}", department, roles, zh, en, number, hashed)
    of_code = Department.objects.in_bulk(field_name="code")
    for login, code, roles, zh, en in EDITORS + GUIDES:
        number += 1
        _officer(district, login, of_code[code], roles, zh, en, number, hashed)
    for code in sorted(set(Department.objects.filter(matters__isnull=False).values_list("code", flat=True))):
        number += 1  # whoever opens a proceeding does not decide it
        second = f"{code.lower()}-approve2"
        _officer(district, second, of_code[code], ["dept_approver"], "审批", "Approval", number, hashed)
    for code in sorted({one.department.code for one in _inspected_in_a_situation()}):
        for place in ("1", "2"):
            if f"{code.lower()}-inspect{place}" not in district.staff:
                number += 1
                _officer(
                    district,
                    f"{code.lower()}-inspect{place}",
                    of_code[code],
                    ["inspector"],
                    "核查",
                    "Inspection",
                    number,
                    hashed,
                )


def _inspected_in_a_situation() -> list[Matter]:
    """Matters where somebody comes to look only in some situations."""
    rows = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED).exclude(situations=[])
    return [
        one.matter
        for one in rows.select_related("matter__department")
        if any(promises.inspected(one, [each["id"]]) for each in one.situations)
    ]


def _officer(district, login, department, roles, zh, en, number, hashed) -> None:
    account = _account(login, hashed)
    at = number % len(SURNAMES)
    officer = departments.appoint(
        account,
        department=department,
        staff_no=f"{department.code}-{number:03d}",
        name={"zh": f"{SURNAMES[at]}{zh}员", "en": f"{SURNAMES_EN[at]} ({en})"},
        roles=roles,
    )
    for matter in certified_for(department, roles):
        departments.certify(officer, matter, since=SINCE)
    parties.give_demonstration_second_factor(account, second_factor(login))
    district.staff[login] = officer


def certified_for(department: Department, roles: list[str]) -> list[str]:
    """The hall for every matter; people of a department for each of its own, by name."""
    if department.code == "DSO":
        return ["*"]
    return list(department.matters.order_by("slug").values_list("slug", flat=True))


def second_factor(login: str) -> str:
    """The secret of an officer's second factor: the same at every build, so that a phone that has it keeps working."""
    return base64.b32encode(hashlib.sha256(f"tongban demonstration {login}".encode()).digest()[:20]).decode()
