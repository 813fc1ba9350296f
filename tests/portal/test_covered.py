"""Numbers of people stand covered on their own pages too, and one touch shows them, with or without script; no page of an officer holds them."""

import re

import pytest
from django.test import Client

from tests import doors, make
from tests.office.desks import at_the_desk, officer_for
from tongban.cases import services
from tongban.channels.pages.filling import controls
from tongban.lib.formschema import Form

pytestmark = pytest.mark.django_db

NUMBER, PHONE, ACCOUNT = "990000199207080045", "13800005678", "6222021234567890123"
FORM = [
    *make.SMALL_FORM,
    {"id": "id_no", "zh": "证件号码", "en": "ID number", "type": "id_number", "prefill": "user.id_no", "readonly": True},
    {"id": "phone", "zh": "手机号", "en": "Phone", "type": "phone", "prefill": "user.mobile"},
    {"id": "account", "zh": "银行账号", "en": "Bank account", "type": "bank_account", "masked": True},
]  # fmt: skip


@pytest.fixture
def account():
    return make.account(make.person("张示范", id_no=NUMBER, mobile=PHONE))


@pytest.fixture
def draft(account):
    return make.draft(make.matter(form=FORM), account_=account, answers={**make.SMALL_ANSWERS, "account": ACCOUNT})


def outside_folds(html: str) -> str:
    """What the eye sees at first: without what lies in a closed fold (its summary is seen)."""
    return re.sub(r"(<details(?![^>]* open)[^>]*>\s*<summary>.*?</summary>).*?</details>", r"\1", html, flags=re.S)


def in_folds(html: str) -> str:
    return " ".join(re.findall(r'<details class="tb-(?:covered|uncover)".*?</details>', html, flags=re.S))


def test_on_the_page_of_checking_numbers_are_covered_and_one_touch_away(account, draft):
    html = doors.enter(Client(), account, present=True).get(f"/apply/{draft.ref}/check/").content.decode()

    assert not [one for one in (NUMBER, PHONE, ACCOUNT) if one in outside_folds(html)]
    assert [one for one in (NUMBER, PHONE, ACCOUNT) if one in in_folds(html)] == [NUMBER, PHONE, ACCOUNT]


def test_in_the_form_what_a_register_filled_in_is_covered_and_what_is_typed_is_not(account, draft):
    client = doors.enter(Client(), account, present=True)
    html = client.get(f"/apply/{draft.ref}/form/").content.decode()

    assert NUMBER not in outside_folds(html) and ACCOUNT not in outside_folds(html)
    assert NUMBER in in_folds(html) and ACCOUNT in in_folds(html)
    assert f'value="{PHONE}"' in html  # to be changed here, so it is seen


def test_a_covered_number_sent_back_stays_the_number(account, draft):
    client = doors.enter(Client(), account, present=True)
    html = client.get(f"/apply/{draft.ref}/form/").content.decode()
    shown = dict(re.findall(r'name="(id_no|account|phone)"[^>]*? value="([^"]*)"', html))
    client.post(f"/apply/{draft.ref}/form/", {**shown, "reason": "other", "revision": draft.revision})

    draft.refresh_from_db()
    assert (draft.value("id_no"), draft.value("account"), draft.value("phone")) == (NUMBER, ACCOUNT, PHONE)


def test_in_a_sent_case_too_and_the_officers_looking_glass_holds_no_number_at_all(account, draft):
    case = services.submit(draft, account=account, level=3, key="k")
    case = services.pass_pre_review(services.start_pre_review(case))
    own = doors.enter(Client(), account, present=True).get(f"/my/cases/{case.ref}/").content.decode()
    glass = at_the_desk(officer_for("window_officer")).get(f"/office/cases/{case.ref}/their-page/").content.decode()

    sent = in_folds(own)
    assert all(one in sent for one in (NUMBER, PHONE, ACCOUNT))
    assert "0045" in glass and not [one for one in (NUMBER, PHONE, ACCOUNT) if one in glass]


OTHER = "990000193206180186"
OWNERS = {
    "id": "owners", "zh": "股东", "en": "Owners", "type": "table", "columns": ["name", "id_no", "share"],
    "labels": {"name": {"zh": "姓名", "en": "Name"}, "id_no": {"zh": "号码", "en": "Number"}, "share": {"zh": "比例", "en": "Share"}},
    "column_types": {"id_no": "id_number", "share": "number"},
}  # fmt: skip


def test_numbers_in_a_table_are_covered_too_and_names_and_shares_are_not(account):
    owners = [{"name": "郑高龄", "id_no": OTHER, "share": "40"}]
    matter = make.matter(form=[*make.SMALL_FORM, OWNERS])
    draft = make.draft(matter, account_=account, answers={**make.SMALL_ANSWERS, "owners": owners})
    client = doors.enter(Client(), account, present=True)

    check = client.get(f"/apply/{draft.ref}/check/").content.decode()
    services.submit(draft, account=account, level=3, key="1")
    sent = client.get(f"/my/cases/{draft.ref}/").content.decode()

    for html in (check, sent):
        assert OTHER not in outside_folds(html) and OTHER in in_folds(html)
    assert "郑高龄" in outside_folds(check) and ">40<" in outside_folds(check)


def test_only_lines_with_numbers_are_covered():
    asked = Form.from_demo([*FORM, {"id": "who", "zh": "人", "en": "Who", "type": "person"}])

    assert asked["reason"].covered("work") == asked["id_no"].covered("") == ""
    assert NUMBER not in asked["who"].covered({"name": "张示范", "id_no": NUMBER})
    assert "张示范" in asked["who"].covered({"name": "张示范", "id_no": NUMBER})


def test_a_yes_of_a_register_is_said_in_words_in_the_form():
    exam = Form.from_demo([{"id": "exam", "zh": "体检", "en": "Exam", "type": "reference", "readonly": True}])

    (one,) = controls(exam, {"exam": True}, {}, {"exam": {"name": "register"}}, {}, {})

    assert one["value"] == "是"
