"""Somebody helps with a code: prepares, never signs, sees no numbers; the person ends it at once."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from tests import doors, make
from tongban.cases import queries, services
from tongban.cases.models import Case, Hand
from tongban.channels.office.views_helping import HELPERS
from tongban.journal.models import Event, ReadEntry
from tongban.lib.problems import Invalid, NotAllowed

pytestmark = pytest.mark.django_db

NUMBER, PHONE = "990000199207080045", "13800005678"
FORM = [
    *make.SMALL_FORM,
    {"id": "id_no", "zh": "证件号码", "en": "Identity number", "type": "id_number", "prefill": "user.id_no"},
    {"id": "phone", "zh": "手机号", "en": "Phone", "type": "phone", "prefill": "user.mobile"},
    {"id": "tenants", "zh": "同住人", "en": "Tenants", "type": "table",
     "columns": [{"id": "who", "zh": "姓名", "en": "Name", "type": "text"}, {"id": "no", "zh": "号码", "en": "Number", "type": "id_number"}]},
]  # fmt: skip
CHANNELS = ["neighbour", "officer"]


@pytest.fixture
def account():
    return make.account(make.person("张示范", id_no=NUMBER, mobile=PHONE))


@pytest.fixture
def case(account):
    case = make.draft(make.matter(form=FORM), account_=account, answers={})
    given = {"tenants": [{"who": "同住者", "no": "99000019961120007X"}]}
    return services.save(case, given, revision=case.revision, account=account)


@pytest.fixture
def home(account):
    return doors.enter(Client(), account, present=True)


@pytest.fixture(params=CHANNELS)
def helper(request):
    """A neighbour with an account, or a helper of the community at the office's pages."""
    if request.param == "neighbour":
        client = doors.enter(Client(), make.account(make.person("王邻居")), present=True)
        client.base, client.who = "/my/helping/", client.session["_auth_user_id"]
    else:
        officer = make.officer("helper", of=make.department("STREET"))
        client = doors.enter(Client(), officer.account)
        client.base, client.who = "/office/help/", str(officer.account_id)
    return client


def code(home, case) -> str:
    home.post(f"/apply/{case.ref}/help/code")
    page = home.get(f"/apply/{case.ref}/help/").content.decode()
    return re.search(r'id="help-code"[^>]*>([a-z0-9 ]+)<', page)[1]


def begin(helper, home, case):
    return helper.post(helper.base, {"code": code(home, case).upper()})


def pages(helper, case) -> list[str]:
    return [f"{helper.base}{case.ref}/{one}" for one in ("form/", "materials/", "check/")]


def test_with_the_code_a_helper_prepares_and_the_person_signs(helper, home, case, account):
    opened = begin(helper, home, case)
    assert opened.headers["Location"] == f"{helper.base}{case.ref}/form/"
    revision = Case.objects.get().revision
    helper.post(
        f"{helper.base}{case.ref}/form/",
        {"reason": "typed by the helper", "delivery": "pickup", "truth": "on", "revision": revision},
    )
    assert Case.objects.get().value("reason") == "typed by the helper"

    page = home.get(f"/apply/{case.ref}/check/").content.decode()
    assert "typed by the helper" in page
    home.post(f"/apply/{case.ref}/submit", {"sign": "1", "key": "j"})
    assert Case.objects.get().state == "draft"  # that it is true the person says, and not the helper
    services.save(Case.objects.get(), {"truth": True}, revision=Case.objects.get().revision, account=account)
    home.post(f"/apply/{case.ref}/submit", {"sign": "1", "key": "k"})
    case.refresh_from_db()
    assert (case.state, case.account_id, case.signed_how, case.prepared_by_id) == (
        "submitted", account.pk, "online", None,
    )  # fmt: skip
    assert [helper.get(one).status_code for one in pages(helper, case)] == [404, 404, 404]


def test_a_helper_sees_no_number_telephone_or_table_with_numbers(helper, home, case):
    begin(helper, home, case)
    for address in pages(helper, case):
        page = helper.get(address).content.decode()
        for secret in (NUMBER, PHONE, NUMBER[6:14], "99000019961120007X"):
            assert secret not in page, address
    control = home.get(f"/apply/{case.ref}/form/").content.decode()
    assert "99000019961120007X" in control


def test_a_helper_cannot_answer_what_is_covered(helper, home, case):
    begin(helper, home, case)
    before = Case.objects.get().values
    helper.post(
        f"{helper.base}{case.ref}/form/",
        {"id_no": "99000019961120007X", "phone": "13900000001", "tenants-0-who": "x", "tenants-rows": "1", "reason": "r",
         "revision": Case.objects.get().revision},
    )  # fmt: skip

    after = Case.objects.get().values
    assert {name: after[name] for name in ("id_no", "phone", "tenants")} == {
        name: before[name] for name in ("id_no", "phone", "tenants")
    }
    assert after["reason"]["value"] == "r"


def test_a_helper_opens_no_paper_and_takes_none_out(helper, home, case, account):
    make.material_type("lease")
    with_paper = make.draft(make.matter(requirements=[{"material": "lease", "required": True}]), account_=account)
    document = make.document(account.person, by=account)
    services.attach(with_paper, "lease", document, account=account)
    begin(helper, home, with_paper)
    page = document.pages.get()

    listed = helper.get(f"{helper.base}{with_paper.ref}/materials/").content.decode()
    assert "<img" not in listed.split("<main", 1)[1]
    assert helper.get(f"/my/papers/{document.key}/{page.pk}").status_code in {302, 404}
    for given in ({"remove-page": page.pk}, {"detach": "1"}, {"commit": "1"}, {"seen": "1"}):
        assert helper.post(f"{helper.base}{with_paper.ref}/materials/lease", given).status_code in {403, 409, 422}
    assert with_paper.materials.get().document_id == document.pk


def routes(of: str) -> list[str]:
    """Every address below a prefix, with `{ref}` for the reference."""

    def walk(resolver, before=""):
        for entry in resolver.url_patterns:
            here = before + re.sub(r"^\^|\$$", "", str(entry.pattern))
            yield from walk(entry, here) if hasattr(entry, "url_patterns") else [here]

    found = [one for one in walk(get_resolver()) if one.startswith(of) and "<slug:ref>" in one]
    return [
        "/"
        + re.sub(r"<slug:ref>", "{ref}", re.sub(r"<(int|uuid):\w+>", "1", re.sub(r"<slug:(?!ref)\w+>", "lease", one)))
        for one in found
    ]


def test_no_route_of_the_applicant_or_the_window_opens_for_a_helper(helper, home, case):
    begin(helper, home, case)
    tried = [*routes("apply/"), *routes("my/cases/"), *routes("office/window/"), *routes("office/cases/")]
    assert len(tried) > 25
    before = Case.objects.get()
    for route in tried:
        address = re.sub(r"<str:\w+>", "1", route).replace("{ref}", case.ref)
        for answer in (
            helper.get(address),
            helper.post(address, {"sign": "1", "key": "k", "how": "paper", "kept": "x"}),
        ):
            assert answer.status_code in {302, 403, 404, 405}, (address, answer.status_code)
            if answer.status_code == 302:
                assert re.match(
                    r"/account/(identity|presence)/|/office/window/visitor/|/office/$", answer.headers["Location"]
                ), address
    after = Case.objects.get()
    assert (after.state, after.values, after.revision) == (before.state, before.values, before.revision)


def test_the_services_refuse_a_helpers_hand_in(case):
    officer = make.officer("helper", "window_officer", of=make.department("STREET"))
    signed = services.Signature("paper", services.content_of(case), "binder")

    with pytest.raises(NotAllowed, match="Nobody was compared|没有"):
        services.hand_in(case, officer=officer, signed=signed)


@pytest.mark.parametrize("how", ["person", "time", "helper"])
def test_it_ends_at_once(helper, home, case, how):
    begin(helper, home, case)
    hand = Hand.objects.get(taken_at__isnull=False)
    assert helper.get(pages(helper, case)[0]).status_code == 200
    if how == "person":
        home.post(f"/apply/{case.ref}/help/{hand.pk}/end")
    elif how == "helper":
        helper.post(f"{helper.base}{case.ref}/leave")
    else:
        Hand.objects.update(until=timezone.now() - timedelta(seconds=1))

    assert [helper.get(one).status_code for one in pages(helper, case)] == [404, 404, 404]
    saved = helper.post(f"{helper.base}{case.ref}/save", {"reason": "late", "revision": case.revision})
    assert (saved.status_code, Case.objects.get().value("reason")) == (404, None)


def test_a_code_holds_ten_minutes_and_once(account, case):
    hand, code_ = services.invite(case, account=account)
    first, second = make.account(make.person()), make.account(make.person())
    from tongban.cases.moving import applying

    actor = applying(first, case)
    with pytest.raises(Invalid):
        services.take(code_, actor=actor, account=first, now=timezone.now() + timedelta(minutes=11))
    assert services.take(code_, actor=actor, account=first).account_id == first.pk
    with pytest.raises(Invalid):
        services.take(code_, actor=actor, account=second)
    assert queries.hands_at_work(case).count() == 1
    assert code_ not in repr(list(Hand.objects.values())) + repr(list(Event.objects.values_list("payload", flat=True)))


def test_codes_are_not_guessed(helper):
    answers = [helper.post(helper.base, {"code": f"abcdefg{number}"}).status_code for number in range(11)]

    assert answers == [422] * 10 + [429]


def test_a_new_code_makes_the_old_one_void(account, case):
    _hand, old = services.invite(case, account=account)
    services.invite(case, account=account)
    other = make.account(make.person())
    from tongban.cases.moving import applying

    with pytest.raises(Invalid):
        services.take(old, actor=applying(other, case), account=other)


def test_nobody_helps_themselves(account, case):
    _hand, code_ = services.invite(case, account=account)
    from tongban.cases.moving import applying

    with pytest.raises(NotAllowed):
        services.take(code_, actor=applying(account, case), account=account)


def test_the_person_sees_who_helped_and_what_they_read(helper, home, case, account):
    begin(helper, home, case)
    helper.get(pages(helper, case)[0])
    page = home.get(f"/apply/{case.ref}/form/").content.decode()
    reads = ReadEntry.objects.filter(of_party=account.person_id, reader=int(helper.who), about=case.subject)

    assert f"/apply/{case.ref}/help/" in page
    assert {one.purpose for one in reads} == {"help"}
    assert "id_no" not in {field for one in reads for field in one.fields}
    assert Event.objects.filter(kind="HandTaken", subject=case.subject).count() == 1


def test_the_helper_sees_at_which_step_the_person_is(helper, home, case):
    begin(helper, home, case)
    home.get(f"/apply/{case.ref}/check/")
    page = helper.get(pages(helper, case)[0]).content.decode()
    assert "“核对并签名”" in page, re.findall(r'role="status">([^<]+)', page)


def test_only_helpers_and_windows_help_from_the_office():
    assert set(HELPERS) == {"helper", "window_officer"}
    client = doors.enter(Client(), make.officer("dept_reviewer", of=make.department("PSB")).account)

    assert client.get("/office/help/").status_code == 403
