"""Letters: in series without gaps, in both languages, checked by anybody, made again without losing the first."""

import datetime

import pytest
from django.utils import timezone

from tests import make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tests.licences.test_rendering import text_of as words_of
from tongban.cases import letters, papers, services, sheets
from tongban.cases.models import Case, CaseDocument, Letter, Reissue
from tongban.cases.services import lettering
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db


def text_of(document: CaseDocument) -> str:
    return words_of(sheets.draw(document))


def letter(case: Case, kind: str) -> CaseDocument:
    return case.documents.select_related("case__department", "case__version").get(kind=kind)


def refused(**given) -> Case:
    return ways.bring("refused", **given)


# -- what each letter of the law says

LAW = {
    "accepted": ("acceptance_notice", ["受理", "accepted", "承诺办结"]),
    "not_accepted": ("non_acceptance", ["不予受理", "notours", "Art.32", "60日", "6months", "Reason:notours"]),
    "correction_requested": ("correction_notice", ["补正", "tooshort"]),
    "suspended": (
        "special_procedure_notice",
        ["专家评审", "areviewbyexperts", "第四十五条", "article45", "计划结束", "expertslookatit"],
    ),
    "refused": ("refusal", ["不予准许", "isrefused", "Art.38", "60日", "行政诉讼", "within60days", "6months"]),
    "terminated": ("termination_notice", ["终止办理", "closeddown", "60days"]),
    "withdrawn": ("withdrawal_record", ["撤回", "withdrawn"]),
    "delivered": ("delivery_proof", ["送达", "electronically", "证照编号"]),
    "revoked": ("revocation", ["撤销", "isrevoked", "Art.69", "60日"]),
    "approved": ("decision", ["准予", "granted", "证照编号"]),
}


@pytest.mark.parametrize("state", LAW)
def test_every_letter_says_what_the_law_asks_for_in_both_languages(state):
    kind, words = LAW[state]
    document = letter(ways.bring(state), kind)

    said = text_of(document)

    title = papers.TITLES[kind]
    for wanted in [title["zh"], "".join(title["en"].split()), *words]:
        assert wanted in said, wanted
    assert "以中文为准" in said and "theChinesetextistheonethatcounts" in said


def test_the_extension_names_the_law_and_both_new_days():
    case = make.case("under_review", make.matter(promised_days=7, statutory_days=20))
    services.extend(case, officer=ways.of_department("dept_approver", case), days=5, why="丈量需要更多时间")

    said = text_of(letter(case, "extension_notice"))

    for words in ["延长5个工作日", "第四十二条", "article42", "新的法定期限", "丈量需要更多时间(writteninChineseonly)"]:
        assert words in said, words


def test_when_the_clock_runs_again_a_letter_says_so_with_the_new_day():
    case = ways.bring("suspended")
    services.resume(case, officer=ways.of_department("dept_reviewer", case), result="experts agree")

    said = text_of(letter(case, "resumption_notice"))

    assert "办理计时继续" in said and "thedaysthatwereleft" in said


# -- two languages


def test_what_an_officer_wrote_in_both_languages_stands_in_both():
    case = make.case("received", make.matter())
    services.not_accept(
        case, officer=ways.hall("window_officer"), reason="应向公安机关申请", ground="行政许可法第三十二条",
        english={"reason": "Please apply to the police", "ground": "Administrative Licensing Law, article 32"},
    )  # fmt: skip

    lines = letter(case, "non_acceptance").content["paragraphs"]

    assert {"zh": "理由：应向公安机关申请", "en": "Reason: Please apply to the police"} in lines
    assert {"zh": "依据：行政许可法第三十二条", "en": "Ground: Administrative Licensing Law, article 32"} in lines


def test_what_was_written_in_one_language_says_so_in_the_other():
    assert papers.both("材料不全")["en"] == "材料不全 (written in Chinese only)"
    assert papers.both("Art. 38")["zh"] == "Art. 38（仅有外文）"
    assert papers.both("材料不全", "incomplete") == {"zh": "材料不全", "en": "incomplete"}


# -- numbers


def test_letters_of_a_department_are_numbered_in_the_order_they_are_entered_and_each_once():
    matter = make.matter()
    documents = [letter(refused(matter=matter), "refusal") for _case in range(3)]

    first = [lettering.enter(one).serial for one in documents]
    again = [lettering.enter(one).serial for one in documents]

    assert first == [1, 2, 3]
    assert again == first


def test_every_year_and_every_department_begins_with_one():
    matter, other = make.matter(), make.matter(department=make.department("AMR"))
    last_year = letter(refused(matter=matter), "refusal")
    last_year.made_at -= datetime.timedelta(days=366)

    lettering.enter(letter(refused(matter=matter), "refusal"))

    assert lettering.enter(last_year).serial == 1
    assert lettering.enter(letter(refused(matter=other), "refusal")).serial == 1


def test_the_worker_enters_a_letter_and_a_receipt_takes_no_number():
    case = refused()

    ways.work()

    assert Letter.objects.filter(document__case=case, document__kind="refusal").count() == 1
    assert not Letter.objects.filter(document__kind="submission_receipt").exists()
    department = case.department_id
    assert lettering.gaps(department, timezone.localdate().year) == []


def test_the_number_stands_on_the_paper():
    document = letter(refused(), "refusal")

    said = text_of(document)

    entered = document.letter
    assert f"〔{entered.year}〕第{entered.serial}号" in said


# -- the public check


def test_whoever_holds_a_letter_learns_that_it_is_genuine_and_nothing_more(client, in_english):
    document = letter(refused(), "refusal")
    token = lettering.enter(document).token

    page = client.get(f"/verify/{token}").content.decode()

    assert "Genuine" in page and "It stands" in page
    assert document.case.number not in page
    assert document.case.applicant.shown_name not in page
    assert "does not fit" not in page


def test_a_letter_that_was_changed_in_the_database_is_not_called_genuine(client, in_english):
    document = letter(refused(), "refusal")
    token = lettering.enter(document).token
    document.content["paragraphs"][0] = {"zh": "准予", "en": "granted"}
    document.save()

    page = client.get(f"/verify/{token}").content.decode()

    assert "Does not hold" in page and "Genuine" not in page


def test_a_token_nobody_gave_leads_nowhere(client):
    assert client.get("/verify/letter-aaaaaaaaaaaaaaaa").status_code == 404


def test_the_letter_of_a_decision_that_was_revoked_says_so():
    case = ways.bring("revoked")

    assert letters.check(lettering.enter(letter(case, "decision")).token).stands == "revoked"


# -- made again


def test_a_letter_made_again_keeps_the_first_and_each_names_the_other():
    case = refused()
    first = letter(case, "refusal")
    before = lettering.enter(first)
    approver = ways.of_department("dept_approver", case)

    fresh = services.reissue(first, officer=approver, why="姓名写错", english={"why": "the name was misspelt"})
    ways.work()

    entered = lettering.enter(fresh)
    old, new = letters.check(before.token), letters.check(entered.token)
    assert (old.stands, old.instead, old.genuine) == ("replaced", entered.number, True)
    assert (new.stands, new.before, new.genuine) == ("", before.number, True)
    assert fresh.content["paragraphs"] == first.content["paragraphs"]
    first = CaseDocument.objects.get(pk=first.pk)
    assert f"第{entered.serial}号替换" in text_of(first)
    assert "thenamewasmisspelt" in text_of(fresh)
    assert Message.objects.filter(kind="letter_reissued", about=case.subject).count() == 1


def test_a_letter_is_replaced_once_only_and_never_by_somebody_elses_hand():
    case = refused()
    first = letter(case, "refusal")
    approver = ways.of_department("dept_approver", case)
    elsewhere = make.officer("dept_approver", of=make.department("AMR"))

    with pytest.raises(NotAllowed):
        services.reissue(first, officer=elsewhere, why="the name was wrong")
    with pytest.raises(NotAllowed):
        services.reissue(first, officer=ways.of_department("dept_reviewer", case), why="the name was wrong")
    with pytest.raises(Invalid):
        services.reissue(first, officer=approver, why="  ")
    services.reissue(first, officer=approver, why="the name was wrong")
    with pytest.raises(NotAllowed):
        services.reissue(first, officer=approver, why="the name was wrong")

    assert Reissue.objects.count() == 1


# -- the whole of a bundle and its parts


def test_what_is_asked_of_the_whole_stands_as_a_copy_in_every_part():
    whole = shop.in_review(shop.bundle())
    document = papers.make(
        whole, "supply_notice", now=timezone.now(), paragraphs=[{"zh": "请补交。", "en": "Please supply."}]
    )

    ways.work()
    made_again = lettering.copy_to_members(document)

    members = Case.objects.filter(parent=whole)
    copies = CaseDocument.objects.filter(case__in=members, kind="supply_notice")
    assert copies.count() == members.count() > 1
    assert made_again == 0
    copy = copies.select_related("case__department").first()
    assert "整件事文书" in text_of(copy)
    assert not Letter.objects.filter(document__in=copies).exists()
