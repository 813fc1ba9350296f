"""The pages of messages to many, of questions to answer and of a letter made again, as an officer opens them."""

import re

import pytest

from tests import make
from tests.cases import ways
from tests.cases.test_circulating import written
from tests.office.desks import at_the_desk, give_a_reason
from tongban.cases import services


def in_english_at(officer):
    desk = at_the_desk(officer)
    desk.cookies["language"] = "en"
    return desk


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def test_a_message_is_written_looked_at_and_sent_from_its_pages():
    matter = make.matter()
    make.case("received", matter)
    officer = make.officer("dept_approver")
    desk = in_english_at(officer)
    said = {
        "title_zh": "窗口调整", "title_en": "Windows move to the second floor of the hall on Monday", "text_zh": "下周起在二楼办理。", "text_en": "On the second floor.",
        "kind": "official", "who": "open", "matter": matter.slug,
    }  # fmt: skip

    assert "Whom is it for?" in desk.get("/office/circulars/new/").content.decode()
    assert desk.post("/office/circulars/new/", {"who": "open"}).status_code == 422
    address = desk.post("/office/circulars/new/", said).url
    page = desk.get(address).content.decode()

    assert "Windows move to" in page and "you have an application" in page and "Send it" in page
    assert re.search(r'lang="en".*By text message: \d+ signs, 1 message\b', page, re.DOTALL)
    assert "2 messages" not in page
    ref = address.rstrip("/").rpartition("/")[2]
    assert f"/office/circulars/new/?change={ref}" in page
    assert "下周起在二楼办理。" in desk.get(f"/office/circulars/new/?change={ref}").content.decode()
    assert desk.post("/office/circulars/new/", said | {"change": ref, "text_en": ""}).status_code == 422
    assert desk.post("/office/circulars/new/", said | {"change": ref, "text_en": "On the third floor."}).url == address
    assert "On the third floor." in desk.get(address).content.decode()
    assert desk.post(f"{address}submit").status_code == 302
    late = desk.post("/office/circulars/new/", said | {"change": ref, "text_en": "Too late to be said."})
    assert late.status_code == 409 and "Too late to be said." in late.content.decode()
    assert "being sent" in desk.get("/office/circulars/").content.decode()


def test_a_message_of_another_department_is_not_found():
    row = written(make.officer("dept_approver"), make.matter())
    desk = at_the_desk(make.officer("dept_approver", of=make.department("AMR")))

    assert desk.get(f"/office/circulars/{row.ref}/").status_code == 404


def test_questions_to_answer_and_a_letter_made_again_open():
    case = ways.bring("refused")
    services.ask(case, account=case.account, text="Why?", key="k")
    desk = in_english_at(ways.of_department("dept_approver", case))
    letter = case.documents.get(kind="refusal")
    give_a_reason(desk, case)

    assert case.number in desk.get("/office/talks/").content.decode()
    assert "What is put right" in desk.get(f"/office/cases/{case.ref}/papers/{letter.number}/again/").content.decode()
    page = desk.get(f"/office/cases/{case.ref}/").content.decode()
    assert "Why?" in page and "Make it again" in page
