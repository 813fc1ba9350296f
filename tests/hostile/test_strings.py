"""The 515 strings of the Big List of Naughty Strings wherever people can write: shown back exactly, or refused at their field.

Exactly means: in Unicode's normal form C and without blanks around, as `lib.unicode.kept` promises; nothing else is changed.
Every string goes through every kind of field (many fields in one request); every address that takes text gets a sample.
"""

import unicodedata
import uuid
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils.html import escape

from tests import make
from tests.cases import ways
from tests.doors import enter
from tests.hostile.strings import naughty, page, sample, strangers
from tests.office.desks import at_the_desk, case_in, officer_for, press, standing
from tongban.cases import services
from tongban.cases.models import Case, Question
from tongban.cases.sheets import draw
from tongban.evaluations import services as evaluations
from tongban.lib import unicode, yamls
from tongban.lib.formschema import Form
from tongban.lib.unicode import Unreadable

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

FORMS = yamls.read(Path(__file__).resolve().parents[2] / "demo/forms.yaml")["forms"]
WRITTEN = ("text", "address", "company_name", "reference")


def canonical(text: str, *, lines: bool = False) -> str | None:
    """What is kept of a text; None when it is refused."""
    try:
        return unicode.kept(text, lines=lines)
    except Unreadable:
        return None


def everything_in(kind: str, **given) -> list[dict]:
    """A form with one field for each string."""
    return [
        {"id": f"f{place}", "zh": f"题{place}", "en": f"Question {place}", "type": kind, **given}
        for place in range(len(naughty()))
    ]


# -- the sixteen forms


def text_fields():
    for number, form in enumerate(FORMS):
        for one in form["fields"]:
            if one["type"] in WRITTEN:
                yield number, one["id"]


def test_there_are_515_strings_and_16_forms():
    assert (len(naughty()), len(FORMS)) == (515, 16)


def test_every_string_in_every_text_field_of_every_form_is_kept_exactly_or_refused_at_its_field():
    lost = []
    for number, name in text_fields():
        form = Form.from_demo([{**one, "show_if": None} for one in FORMS[number]["fields"] if one["id"] == name])
        for place, typed in enumerate(naughty()):
            cleaned = form.validate({name: typed}, partial=True)
            got = cleaned.values.get(name)
            if name in cleaned.errors:
                exact = cleaned.draft[name] == typed  # refused: what was typed is shown again beside the reason
            else:
                exact = (got or "") == canonical(typed) or got is None and unicode.is_blank(typed)
            if not exact:
                lost.append((number, name, place, typed, got))

    assert lost == []


def test_every_string_in_every_other_kind_of_field_is_judged_in_words():
    """Numbers, days, choices, people, tables: nothing breaks, and what is refused stays as it was typed."""
    broken = []
    for number, form in enumerate(FORMS):
        for said in form["fields"]:
            if said["type"] in WRITTEN or said["type"] in ("photo", "action"):  # a button is answered by nobody
                continue
            form_of_one = Form.from_demo([{**said, "show_if": None, "formula": None}])
            field = form_of_one[said["id"]]
            names = [field.id, *(part.id for part in field.parts), *(field.cell_name(0, one) for one in field.columns)]
            for typed in naughty():
                cleaned = form_of_one.validate(dict.fromkeys(names, typed), partial=True)
                sentences = [str(sentence) for reasons in cleaned.errors.values() for sentence in reasons]
                if not all(sentence.strip() for sentence in sentences):
                    broken.append((number, field.id, typed))

    assert broken == []


@pytest.mark.parametrize("kind", WRITTEN)
def test_every_string_comes_back_from_page_to_database_to_page(client, kind):
    """All 515 in one application: typed, saved, read from the database, shown in the form, the overview and at the office."""
    account = make.account()
    enter(client, account, present=True)
    case = make.draft(make.matter(form=everything_in(kind)), account_=account, answers={})

    typed = {f"f{place}": text for place, text in enumerate(naughty())}
    answer = client.post(f"/apply/{case.ref}/save", {**typed, "revision": case.revision, "tab": "one"})

    assert answer.status_code == 200, answer.content.decode()[:400]
    stored = Case.objects.get(pk=case.pk)
    expected = {name: _kept(text) for name, text in typed.items()}
    assert {name: stored.value(name) or "" for name in typed} == expected
    shown = page(client.get(f"/apply/{case.ref}/form/"))
    assert {name: shown.values[name] for name in typed} == expected
    assert strangers(shown) == []
    overview = page(client.get(f"/apply/{case.ref}/check/"))
    said = {text.strip() for text in overview.texts}
    wrong = (
        Form.from_demo(everything_in(kind)).validate(typed).errors
    )  # these stand there as "missing" with their reason
    right = [text for name, text in expected.items() if name not in wrong and text]
    assert len(right) > 400 and [text for text in right if text.strip() not in said] == []
    assert strangers(overview) == []


def _kept(typed: str) -> str:
    """What a draft holds: the text in its normal form, or as typed where it is refused."""
    if unicode.is_blank(typed):
        return ""
    kept = canonical(typed)
    return typed if kept is None else kept


def clear() -> list[str]:
    """What the door lets through to the free texts of people: all but control characters (see the test of the door) and blanks."""
    return [text for text in naughty() if text.strip() and not unicode.unreadable(text)]


def test_an_application_with_every_string_is_decided_and_its_papers_are_drawn():
    form = [*make.SMALL_FORM, *everything_in("text", max_length=400)]
    answers = {f"f{place}": text for place, text in enumerate(naughty()) if canonical(text) is not None}
    case = make.submitted(make.matter(form=form), answers=make.SMALL_ANSWERS | answers)

    client = at_the_desk(officer_for("pre_reviewer"))
    answer = client.get(reverse("office:case", args=[case.ref]))

    shown = page(answer)
    said = {text.strip() for text in shown.texts}
    assert answer.status_code == 200 and strangers(shown) == []
    assert [
        text for text in answers.values() if not unicode.is_blank(text) and canonical(text).strip() not in said
    ] == []
    assert all(draw(document).startswith(b"%PDF-") for document in case.documents.all())


# -- words between people


def test_questions_and_answers_hold_every_string(client):
    """515 questions and 515 answers in one case; the citizen's page and the officer's show each one as it was written."""
    case = ways.bring("received")
    window = ways.hall("window_officer")
    for typed in clear():
        services.ask(case, account=case.account, text=typed, key=uuid.uuid4().hex)
        services.answer(case, officer=window, text=typed)

    written = [text.strip() for text in clear() for _who in range(2)]
    assert len(written) > 1000
    assert list(Question.objects.filter(case=case).values_list("text", flat=True)) == written
    enter(client, case.account, present=True)
    for visitor, where in (
        (client, reverse("portal:case", args=[case.ref])),
        (at_the_desk(window), reverse("office:case", args=[case.ref])),
    ):
        shown = page(visitor.get(where))
        said = {text.strip() for text in shown.texts}
        assert [text for text in written if text not in said] == []
        assert strangers(shown) == []


def test_correction_texts_hold_every_string(client):
    """One notice with every string as a reason: on the applicant's form and in the paper."""
    typed = [text.strip() for text in clear()]
    case = ways.bring("received")
    case = services.request_correction(
        case, [{"field": "reason", "text": text} for text in typed], officer=ways.hall("window_officer")
    )

    assert [finding.text for finding in case.findings.all()] == typed
    enter(client, case.account, present=True)
    shown = page(client.get(reverse("portal:case", args=[case.ref])))
    everything = "\n".join(shown.texts)
    assert [text for text in typed if text not in everything] == []
    assert strangers(shown) == []
    assert all(draw(document).startswith(b"%PDF-") for document in case.documents.all())


def test_an_opinion_holds_every_string():
    case = ways.bring("under_review")
    reviewer = ways.of_department("dept_reviewer", case)
    lost = []
    for typed in clear():
        case = services.conclude(case, officer=reviewer, proposal="approve", opinion=typed)
        if Case.objects.get(pk=case.pk).opinion != typed.strip():
            lost.append(typed)

    assert lost == []


@pytest.mark.parametrize("act", ["not_accept", "refuse", "terminate", "order_inspection", "publish_notice"])
def test_what_an_officer_writes_is_shown_to_the_applicant_exactly(client, act):
    """A sample: each string makes a decision of its own, with its paper."""
    state, given, role = {
        "not_accept": ("received", ("reason", "ground"), "window_officer"),
        "refuse": ("reviewed", ("reason", "ground"), "dept_approver"),
        "terminate": ("under_review", ("reason",), "dept_approver"),
        "order_inspection": ("under_review", ("why",), "dept_reviewer"),
        "publish_notice": ("under_review", ("text",), "dept_reviewer"),
    }[act]
    told = act in ("not_accept", "refuse", "terminate")
    typed = " ".join(text for text in sample(40) if text in clear())[:900].strip()
    case = case_in(state)

    answer = press(at_the_desk(officer_for(role)), case, act, dict.fromkeys(given, typed))

    assert answer.status_code == 302, answer.content.decode()[:600]
    enter(client, case.account, present=True)
    shown = page(client.get(reverse("portal:case", args=[case.ref])))
    if told:
        assert any(typed in text for text in shown.texts)
    assert strangers(shown) == []
    assert all(draw(document).startswith(b"%PDF-") for document in case.documents.all())


def test_a_rating_holds_every_string(client):
    case = ways.bring("closed")
    ways.work()
    typed = " ".join(text for text in sample(30) if text in clear())[:1500].strip()

    rating = evaluations.rate(case, account=case.account, grade=4, text=typed, key="one")

    rating.refresh_from_db()
    assert rating.text == typed
    enter(client, case.account, present=True)
    shown = page(client.get(reverse("portal:rate", args=[case.ref])))
    assert strangers(shown) == []


# -- what is refused at the door

DAMAGED = [text for text in naughty() if unicode.unreadable(text)] + ["a\x00b", "\ufffe", "x\x1by"]
TAKERS = [
    ("citizen", "/my/cases/{ref}/ask", "text"),
    ("citizen", "/my/cases/{ref}/withdraw", "reason"),
    ("citizen", "/my/cases/{ref}/rate/", "text"),
    ("citizen", "/account/identity/", "name"),
    ("citizen", "/account/mobile/", "mobile"),
    ("citizen", "/account/sign-in/", "login"),
    ("office", "/office/cases/{ref}/answer", "text"),
    ("office", "/office/cases/{ref}/acts/not_accept", "reason"),
    ("office", "/office/cases/{ref}/acts/request_correction", "text-field-reason"),
]


@pytest.mark.parametrize(("who", "where", "field"), TAKERS)
def test_control_characters_are_refused_at_their_field_and_nothing_is_kept(client, who, where, field):
    case = ways.bring("received")
    if who == "office":
        client = at_the_desk(ways.hall("window_officer"))
    else:
        enter(client, case.account, present=True)
    before = standing(case)

    for typed in DAMAGED:
        answer = client.post(where.format(ref=case.ref), {field: typed}, headers={"accept": "application/json"})

        assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
        assert answer.json()["errors"][field][0]
    assert standing(case) == before


def test_control_without_the_door_a_control_character_would_be_kept(client, monkeypatch):
    from tongban.channels import doorkeeper

    monkeypatch.setattr(doorkeeper, "_unreadable", lambda request: None)
    case = ways.bring("received")
    enter(client, case.account, present=True)

    client.post(f"/my/cases/{case.ref}/ask", {"text": "x\x1by"})

    assert Question.objects.get(case=case).text == "x\x1by"


# -- boxes that answer with what was typed


ECHOES = [
    ("get", "/search/", "q", "q"),
    ("get", "/verify/", "token", "token"),
    ("post", "/track/", "number", "number"),
]


@pytest.mark.parametrize(("method", "where", "field", "box"), ECHOES)
def test_every_string_in_a_box_of_the_public_pages_comes_back_in_the_box(client, method, where, field, box):
    wrong = []
    for typed in sample(3 if where == "/verify/" else 12):
        answer = getattr(client, method)(where, {field: typed})
        if answer.status_code == 302 or method == "post" and unicode.unreadable(typed):
            continue  # what can be a code is looked up; the door refuses the other (see its test)
        shown = page(answer)
        value = next((text for name, text in shown.values.items() if name == box), None)
        if answer.status_code >= 500 or strangers(shown) or value not in _echoes(typed):
            wrong.append((typed, answer.status_code, value))

    assert wrong == []


def _echoes(typed: str) -> set[str]:
    return {typed, typed.strip(), unicodedata.normalize("NFC", typed).strip(), typed.strip()[:200], typed.strip()[:300]}


def test_suggestions_answer_every_string_with_data(client):
    answers = {typed: client.get("/search/suggest", {"q": typed}) for typed in sample(6)}

    assert {answer.status_code for answer in answers.values()} == {200}
    assert all(answer.headers["Content-Type"].startswith("application/json") for answer in answers.values())


SENT = [
    ("/account/identity/", {"id_kind": "passport", "id_no": "X", "mobile": "1"}, "name"),
    ("/account/identity/", {"id_kind": "passport", "name": "X", "mobile": "1"}, "id_no"),
    ("/account/mobile/", {}, "mobile"),
]


@pytest.mark.parametrize(("where", "beside", "field"), SENT)
def test_contact_data_and_identity_come_back_with_a_reason(client, where, beside, field):
    account = make.account()
    if "identity" in where:
        account = type(account).objects.create_user("newcomer", "a good pass phrase")
    enter(client, account)
    wrong = []
    for typed in sample(20):
        answer = client.post(where, {**beside, field: typed})
        shown = page(answer) if answer.status_code != 302 else None
        if answer.status_code >= 500 or shown is not None and strangers(shown):
            wrong.append((typed, answer.status_code))
        elif shown is not None and shown.values.get(field) not in _echoes(typed):
            wrong.append((typed, shown.values.get(field)))

    assert wrong == []


def test_a_new_name_for_signing_in_is_refused_in_words_or_works(client):
    wrong = []
    for number, typed in enumerate(sample(12)):
        answer = client.post(
            "/account/sign-up/",
            {"login": typed, "username": typed, "email": f"a{number}@example.org", "password1": "k3w-odd-horse", "password2": "k3w-odd-horse"},
        )  # fmt: skip
        if answer.status_code >= 500 or answer.status_code == 200 and strangers(page(answer)):
            wrong.append((typed, answer.status_code))
        client.logout()

    assert wrong == []


# -- programs


def test_the_open_interface_gives_every_string_back_exactly(client):
    back = []
    for begin in range(0, len(naughty()), 100):  # a list in an answer has a hundred members at most
        asked = {"logic": {"var": "said"}, "data": {"said": list(naughty()[begin : begin + 100])}}
        answer = client.post("/api/v1/rules/evaluate", asked, content_type="application/json")
        assert answer.status_code == 200
        back += answer.json()["result"]

    assert back == list(naughty())


def test_control_a_page_that_does_not_escape_is_noticed(rf):
    from django.http import HttpResponse

    bad = [text for text in naughty() if "<" in text]
    raw = page(HttpResponse("".join(f"<p>{text}</p>" for text in bad)))
    safe = page(HttpResponse("".join(f"<p>{escape(text)}</p>" for text in bad)))

    assert len(strangers(raw)) > 40
    assert strangers(safe) == []
