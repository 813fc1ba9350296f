"""A link brings answers: shown first, beside what is known and never before it, and nothing that says who somebody is."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import make
from tests.doors import enter
from tongban.cases import services
from tongban.cases.models import Case
from tongban.channels.portal.views_links import LONGEST_LINK

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

FORM = [
    {"id": "school", "zh": "学校", "en": "School", "type": "text", "required": True},
    {"id": "kind", "zh": "类别", "en": "Kind", "type": "choice", "options": ["day", "boarding"]},
    {"id": "bed", "zh": "床位", "en": "Bed", "type": "text", "show_if": "kind == 'boarding'"},
    {"id": "langs", "zh": "语言", "en": "Languages", "type": "multi", "options": ["zh", "en", "fr"]},
    {"id": "home", "zh": "住址", "en": "Home", "type": "address", "prefill": "user.address"},
    {"id": "fixed", "zh": "编号", "en": "Number", "type": "text", "readonly": True},
    {"id": "id_no", "zh": "证件号码", "en": "Identity number", "type": "id_number"},
    {"id": "mobile", "zh": "手机号", "en": "Phone", "type": "phone"},
    {"id": "bank", "zh": "银行账户", "en": "Account", "type": "bank_account"},
    {"id": "post_address", "zh": "邮寄地址", "en": "Where to send it", "type": "address"},
    {"id": "truth", "zh": "属实声明", "en": "It is true", "type": "consent", "required": True},
]


@pytest.fixture
def matter():
    return make.matter("enrol", form=FORM)


@pytest.fixture
def account():
    return make.account(make.person(address="示范路1号"))


def begun_with(client, account, matter, **said):
    enter(client, account)
    client.post(f"/matters/{matter.slug}/apply/", {f"f.{name}": text for name, text in said.items()})
    return Case.objects.get()


# -- what it may bring


def test_it_fills_what_is_empty_says_where_it_comes_from_and_counts_as_the_applicants(client, account, matter):
    case = begun_with(client, account, matter, school="Demo School", kind="boarding", bed="12", langs=["zh", "fr"])

    assert {name: case.value(name) for name in ("school", "kind", "bed", "langs")} == {
        "school": "Demo School", "kind": "boarding", "bed": "12", "langs": ["zh", "fr"],
    }  # fmt: skip
    assert case.values["school"]["source"] == "applicant"
    page = client.get(f"/apply/{case.ref}/form/").content.decode()
    assert page.count("the link you opened; please check it") >= 4

    changed = services.save(case, {"school": "Another School"}, revision=case.revision, account=account)
    assert "offered" not in changed.values["school"] and changed.values["kind"]["offered"] == "link"


@pytest.mark.parametrize(
    "name, text",
    [
        ("home", "the attacker's house"),  # what government knows stands first
        ("fixed", "x"),
        ("id_no", "990000199207080045"),
        ("mobile", "13800005678"),
        ("bank", "6222000000000000"),
        ("post_address", "the attacker's house"),
        ("truth", "on"),
        ("bed", "12"),  # not asked: the question it follows from has no answer
        ("kind", "palace"),
        ("school", "x" * 201),
        ("school", "a\x00b"),
        ("unknown", "x"),
        ("__class__", "x"),
    ],
)
def test_what_it_may_not_bring_is_left_out_and_the_draft_begins_all_the_same(client, account, matter, name, text):
    enter(client, account)
    answer = client.post(f"/matters/{matter.slug}/apply/", {f"f.{name}": text, "f.langs": "fr"})
    if "\x00" in text:
        assert answer.status_code == 422  # the door refuses what no database holds
        return
    case = Case.objects.get()

    assert (case.value(name) or "") == ("示范路1号" if name == "home" else "")
    assert case.value("langs") == ["fr"]


def test_a_list_where_one_answer_is_asked_is_no_answer(client, account, matter):
    assert begun_with(client, account, matter, school=["one", "two"]).value("school") is None


def test_many_and_strange_fields_break_nothing(client, account, matter):
    many = {f"x{number}": "y" for number in range(600)}

    assert begun_with(client, account, matter, **many, school="Demo School").value("unknown") is None


# -- what an attacker would want of it


def test_a_link_by_itself_begins_sends_and_keeps_nothing(client, account, matter):
    enter(client, account)

    page = client.get(f"/fill/{matter.slug}/?f.school=x&next=https://evil.example/#f.school=y")

    text = page.content.decode()
    assert not Case.objects.exists() and not re.search(r'(href|action|src)="(https?:)?//evil', text)
    assert 'href="/matters/enrol/apply/"' in text
    assert "no-store" in page.headers["Cache-Control"]
    enter(client, account)
    client.handler.enforce_csrf_checks = True
    forged = client.post(
        f"/matters/{matter.slug}/apply/", {"f.school": "x"}, headers={"origin": "https://evil.example"}
    )
    assert forged.status_code == 403 and not Case.objects.exists()


def test_the_page_tells_its_script_only_what_a_link_may_answer(client, matter):
    text = client.get(f"/fill/{matter.slug}/").content.decode()
    told = re.search(r'<script id="offerable" type="application/json">(.*?)</script>', text).group(1)

    assert set(re.findall(r'"id": "(\w+)"', told)) == {"school", "kind", "bed", "langs"}


def test_a_situation_that_is_none_is_left_out(client, matter):
    assert "?situation" not in client.get(f"/fill/{matter.slug}/?situation=%22%3E%3Cscript%3E").content.decode().split("<main")[1].split("</main")[0]  # fmt: skip


def test_what_is_not_online_has_no_link(client):
    make.matter("paper-only", channels=["window"])

    assert client.get("/fill/paper-only/").status_code == client.get("/matters/paper-only/link/").status_code == 404


# -- making one


def made_link(answer) -> str:
    return re.search(r'tb-poster__link">([^<]+)<', answer.content.decode()).group(1).replace("&amp;", "&")


def test_a_school_makes_a_link_a_qr_and_a_poster_and_what_it_brings_stands_behind_the_hash(client, account, matter):
    answer = client.post(
        f"/matters/{matter.slug}/link/",
        {
            "school": "示范学校",
            "kind": "day",
            "langs": ["zh", "en"],
            "mobile": "13800005678",
            "poster": "Welcome to us",
        },
    )

    address = urlsplit(made_link(answer))
    said = parse_qs(address.fragment)
    assert (address.path, address.query) == ("/fill/enrol/", "")
    assert said == {"f.school": ["示范学校"], "f.kind": ["day"], "f.langs": ["zh", "en"]}
    text = answer.content.decode()
    assert "#f.school=示范学校&amp;" in text and "%E7%A4%BA" in re.search(r'data-copy="([^"]+)"', text).group(1)
    assert "Welcome to us" in text and '<svg xmlns="http://www.w3.org/2000/svg" class="qr"' in text
    case = begun_with(
        client, account, matter, **{name.removeprefix("f."): v if len(v) > 1 else v[0] for name, v in said.items()}
    )
    assert (case.value("school"), case.value("langs")) == ("示范学校", ["zh", "en"])


def test_wrong_answers_are_told_at_their_field_and_no_link_is_made(client, matter):
    answer = client.post(f"/matters/{matter.slug}/link/", {"kind": "palace", "poster": "x" * 61})

    text = answer.content.decode()
    assert answer.status_code == 422 and "tb-poster__link" not in text and "At most 60 characters." in text


def test_too_much_for_a_link_is_said_and_what_was_typed_stays(client):
    matter = make.matter(
        "long", form=[{"id": f"q{n}", "zh": f"问{n}", "en": f"Q{n}", "type": "text"} for n in range(9)]
    )
    answer = client.post(f"/matters/{matter.slug}/link/", {f"q{n}": "很" * 60 for n in range(9)})

    text = answer.content.decode()
    assert LONGEST_LINK < 9 * 60 * 9
    assert answer.status_code == 422 and "That is too much for a link." in text and "很很很" in text


def test_a_press_that_began_nothing_brings_back_what_it_had_sent(client, account, matter):
    matter.versions.update(only_one={"rule": "open"})
    make.submitted(matter, account_=account, answers={"school": "First School", "kind": "day", "truth": True})
    enter(client, account)

    answer = client.post(f"/matters/{matter.slug}/apply/", {"f.school": "Demo “School”", "f.langs": ["zh", "fr"]})

    page = answer.content.decode()
    assert answer.status_code == 409
    assert '<input type="hidden" name="f.school" value="Demo “School”">' in page
    assert page.count('name="f.langs"') == 2
