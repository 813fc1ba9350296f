"""The machine compares a paper with the form: every finding by itself, what is tolerated, and how sure it says to be."""

from datetime import date

import pytest
from django.utils import translation

from tongban.cases import pre_review
from tongban.cases.pre_review import Answer, Paper, findings_on, offers_from, same_address, same_name, sentence_of

TODAY = date(2026, 5, 20)
LEASE = {"zh": "租赁合同", "en": "Lease"}
GOOD_ID, BAD_ID = "990000199207080045", "990000199207080046"
GOOD_MRZ = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
BOX = [0.1, 0.2, 0.3, 0.05]

ANSWERS = [
    Answer("name", "text", "王演练", "user.name", readonly=True),
    Answer("id_no", "id_number", GOOD_ID, "user.id_no", readonly=True, masked=True),
    Answer("address", "address", "示范市示例区松花江路12号301室"),
    Answer("lease_no", "text", "", "e-licence-store.lease-filing.filing_no"),
]


def value(text, confidence=0.97, page=1, **more):
    return {"value": text, "text": text, "confidence": confidence, "page": page, "box": BOX, **more}


def line(text, page=1, confidence=0.95, box=BOX):
    return {"page": page, "text": text, "confidence": confidence, "box": box}


def lease(**given) -> Paper:
    fields = {
        "material": "addr-rent", "name": LEASE, "accepted": frozenset({"addr-rent", "lease-filing"}), "pages": 1,
        "kind": "addr-rent", "kind_confidence": 0.95, "lines": [line("房屋租赁合同")],
        "quality": [{"page": 1, "blurred": False, "dark": False, "cut": False, "skew": 0.4}],
    }  # fmt: skip
    return Paper(**(fields | given))


def codes(paper, answers=ANSWERS, **more) -> list[str]:
    return [one.code for one in findings_on(paper, answers, today=TODAY, **more)]


def said(found, language="en") -> str:
    with translation.override("en" if language == "en" else "zh-hans"):
        return str(sentence_of(found.code, found.params, found.confidence))


def only(paper, answers=ANSWERS, **more):
    found = findings_on(paper, answers, today=TODAY, **more)
    assert len(found) == 1, [one.code for one in found]
    return found[0]


def test_a_paper_in_order_is_not_talked_about():
    values = {
        "tenant": value("王演练"), "term_from": value("2025-05-04"), "term_to": value("2027-05-03"),
        "address": value("示例区松花江路12号301室"), "filing_no": value("ZL2025-0001"),
    }  # fmt: skip

    assert codes(lease(values=values), needed_until=date(2026, 6, 1)) == []


# code, what is read, the English sentence
FOUND = [
    ("expired", {"values": {"term_to": value("2026-05-03")}}, "“Lease” ended on 3 May 2026."),
    ("expired", {"values": {"valid_to": value("2026年5月3日")}}, "“Lease” ended on 3 May 2026."),
    ("not_begun", {"values": {"term_from": value("2026-06-01")}}, "“Lease” begins only on 1 June 2026."),
    ("name_differs", {"values": {"tenant": value("王演习")}}, "The name on the paper, 王演习, differs from the form, 王演练."),
    (
        "address_differs", {"values": {"address": value("示范市示例区黄河路7号")}},
        "The address on the paper, 示范市示例区黄河路7号, differs from the form, 示范市示例区松花江路12号301室.",
    ),
    (
        "other_document", {"kind": "id-card", "kind_name": {"zh": "居民身份证", "en": "Resident identity card"}},
        "This looks like a different document: Resident identity card. Asked for is Lease.",
    ),
    ("page_missing", {"lines": [line("第1页 共2页")]}, "Page 2 of 2 seems to be missing."),
    ("page_missing", {"lines": [line("Page 1 of 2")]}, "Page 2 of 2 seems to be missing."),
    ("page_missing", {"lines": [line("共 2 页，第 1 页")]}, "Page 2 of 2 seems to be missing."),
    ("blurred", {"quality": [{"page": 1, "blurred": True}]}, "Page 1 is blurred."),
    ("dark", {"quality": [{"page": 1, "dark": True}]}, "Page 1 is too dark."),
    ("glare", {"quality": [{"page": 1, "glare": True}]}, "Light is reflected on page 1."),
    ("cut", {"quality": [{"page": 1, "cut": True}]}, "A part of page 1 is outside the picture."),
    ("too_small", {"quality": [{"page": 1, "too_small": True}]}, "The writing on page 1 is very small in the picture."),
    ("slanted", {"quality": [{"page": 1, "skew": -17.0}]}, "Page 1 lies at a slant."),
    ("unreadable", {"lines": [], "quality": [{"page": 1}]}, "Nothing could be read on page 1."),
    (
        "hard_to_read", {"lines": [line("甲方", confidence=0.3)] * 3 + [line("乙方")]},
        "The marked part of page 1 could hardly be read.",
    ),
    (
        "number_wrong", {"values": {"id_no": value(BAD_ID)}},
        "The number 9900**********0046 cannot be right: its last character does not fit the others.",
    ),
    (
        "mrz_wrong", {"values": {"mrz": value(GOOD_MRZ.replace("L898902C3", "L898902C4"))}},
        "The two lines with “<<<” at the foot of the document do not add up.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "given", "sentence"), FOUND, ids=[f"{row[0]}-{n}" for n, row in enumerate(FOUND)])
def test_what_is_wrong_is_found_and_said(code, given, sentence):
    found = only(lease(**given))

    assert found.code == code
    assert "%(" not in said(found) and "%(" not in said(found, "zh")
    if code != "number_wrong":
        assert said(found) == sentence
    else:
        assert BAD_ID not in said(found)


def test_every_code_has_a_case_here():
    elsewhere = {"expires_before", "number_differs", "answer_differs", "mrz_differs", "back_missing"}

    assert {row[0] for row in FOUND} | elsewhere == set(pre_review.WORDS)


def test_what_ends_before_the_decision_is_a_notice():
    found = only(lease(values={"term_to": value("2026-06-01")}), needed_until=date(2026, 6, 5))

    assert (found.code, found.severity) == ("expires_before", "notice")
    assert said(found) == "“Lease” ends on 1 June 2026, before the decision that is promised by 5 June 2026."


def test_another_persons_number_is_found_and_covered():
    other = "99000019961120007X"
    record = {"material": "no-crime", "accepted": frozenset({"no-crime"}), "kind": "no-crime"}
    found = only(lease(values={"id_no": value(other)}, **record))

    assert codes(lease(values={"id_no": value(other)})) == []  # on a lease it may be the landlord's
    assert (found.code, found.field) == ("number_differs", "id_no")
    assert other not in said(found) and GOOD_ID not in said(found)


def test_an_answer_that_the_form_takes_from_this_paper_is_compared():
    answers = [*ANSWERS[:3], Answer("lease_no", "text", "ZL-1", "e-licence-store.lease-filing.filing_no")]

    found = only(lease(values={"filing_no": value("ZL-2")}), answers)

    assert (found.code, found.field, said(found)) == (
        "answer_differs",
        "lease_no",
        "The paper says ZL-2; the form says ZL-1.",
    )


def test_the_other_side_of_a_card():
    card = lease(
        material="id-card",
        accepted=frozenset({"id-card", "legal-rep-id"}),
        kind="id-card",
        values={"id_no": value(GOOD_ID)},
    )

    assert codes(card) == ["back_missing"]
    assert codes(lease(material="id-card", accepted=frozenset({"id-card"}), kind="id-card", pages=2,
                       lines=[line("a"), line("b", 2)], values={"id_no": value(GOOD_ID)})) == []  # fmt: skip


def passport(**values) -> Paper:
    return lease(material="passport", accepted=frozenset({"passport"}), kind="passport", values=values)


FOREIGNER = [
    Answer("name", "text", "Anna Maria Eriksson", "user.name", readonly=True),
    Answer("id_no", "id_number", "L898902C3", "user.id_no", readonly=True, masked=True),
]


def test_machine_readable_lines_are_compared_with_the_page_and_the_form():
    today = date(2011, 1, 1)  # the specimen of ICAO 9303 ran out in 2012
    good = findings_on(passport(mrz=value(GOOD_MRZ)), FOREIGNER, today=today)
    page = findings_on(passport(mrz=value(GOOD_MRZ), passport_no=value("L898902C9")), FOREIGNER, today=today)
    other = findings_on(
        passport(mrz=value(GOOD_MRZ)), [Answer("name", "text", "Bob Eriksson", "user.name")], today=today
    )

    assert good == []
    assert [one.code for one in page] == ["number_differs", "mrz_differs"]
    assert [one.code for one in other] == ["name_differs"]
    assert codes(passport(mrz=value(GOOD_MRZ)), FOREIGNER) == ["expired"]


SAME = [
    ("王演练", "王 演练"), ("买买提·吐尔逊", "买买提•吐尔逊"), ("买买提·吐尔逊", "买买提・吐尔逊"), ("Anna Schmidt", "SCHMIDT ANNA"),
    ("Anna Schmidt", "Schmidt, Anna"), ("José Nuñez", "JOSE NUNEZ"), ("ＡＮＮＡ", "anna"), ("Straße", "STRASSE"),
    ("示范餐饮（上海）有限公司", "示范餐饮(上海)有限公司"), ("D'Angelo", "DANGELO"), ("O’Neill Mary", "mary o'neill"), ("王演练 WANG YANLIAN", "王演练"),
    ("安娜 Anna Schmidt", "Schmidt Anna"),
]  # fmt: skip
OTHER = [
    ("王演习", "王演练"),
    ("Anna Schmidt", "Anna Schmid"),
    ("示范餐饮有限公司", "示例餐饮有限公司"),
    ("李示例", "例示李"),
    ("王演习 WANG YANXI", "王演练"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_names_written_differently_are_the_same(one, other):
    assert same_name(one, other) and same_name(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_different_names_are_different(one, other):
    assert not same_name(one, other)


def test_names_in_another_script_are_not_judged():
    assert codes(lease(values={"tenant": value("WANG YANLIAN")})) == []


def test_one_fitting_name_is_enough():
    """Landlord, tenant, a witness: papers name several people, and one of them is the applicant."""
    assert codes(lease(values={"owner": value("李示例"), "tenant": value("王演练")})) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("示范市示例区松花江路12号301室", "示例区松花江路12号301室", True),
        ("松花江路12号", "示范市示例区松花江路12号", True),
        ("示例区松花江路 12 号 301 室", "示例区松花江路12号301室", True),
        ("示例区松花江路12号301室", "示例区松花江路12号302室", False),
        ("示例区松花江路12号", "示例区黄河路12号", False),
    ],
)
def test_addresses_are_compared_by_place(one, other, same):
    assert same_address(one, other) is same


def test_low_confidence_gives_softer_words_and_very_low_none():
    soft = only(lease(values={"term_to": value("2026-05-03", confidence=0.7)}))

    assert said(soft) == "“Lease” may have ended: the machine reads 3 May 2026."
    assert codes(lease(values={"term_to": value("2026-05-03", confidence=0.4)})) == []


def test_every_sentence_is_softer_when_unsure():
    same = {code for code, words in pre_review.WORDS.items() if str(words.sure) == str(words.unsure)}

    assert same == {"hard_to_read", "unreadable"}  # these already speak of not reading


def test_the_values_of_another_document_are_not_compared():
    other = lease(kind="passport", kind_name={"zh": "护照", "en": "Passport"}, values={"term_to": value("2020-01-01")})

    assert codes(other) == ["other_document"]
    assert offers_from(other, ANSWERS) == []


def test_an_uncertain_kind_is_not_called_another():
    assert codes(lease(kind="passport", kind_confidence=0.4)) == []


def test_finding_stands_where_it_was_read():
    found = only(lease(values={"term_to": value("2026-05-03", page=1)}))

    assert (found.page, found.box) == (1, BOX)


@pytest.mark.parametrize(
    "box", [None, [], [1, 2], ["a", 0, 0, 0], [0.5, 0.5, 0, 0], {"x": 1}, [0.2, 0.2, float("nan"), 0.1]]
)
def test_a_place_that_makes_no_sense_is_left_out(box):
    found = only(lease(values={"term_to": {**value("2026-05-03"), "box": box}}))

    assert found.box is None


def test_a_place_never_leaves_the_page():
    found = only(lease(values={"term_to": {**value("2026-05-03"), "box": [0.9, -3, 5, 0.5]}}))

    assert found.box == [0.9, 0.0, 0.1, 0.5]


def test_nonsense_from_the_reader_breaks_nothing():
    values = {
        "term_to": "text",
        "tenant": {"value": ["a"]},
        "address": {"value": {"x": 1}},
        "id_no": None,
        "mrz": {},
        "uscc": {"value": True},
    }

    assert codes(lease(values=values, quality=[{"page": "one"}, {}, {"page": -1}], lines=[{}, {"text": None}])) == []


# -- what the form may take over


def test_an_empty_answer_is_offered_what_the_paper_says():
    offers = offers_from(lease(values={"filing_no": value("ZL2025-0001")}), ANSWERS)

    assert [(one.field, one.value, one.page) for one in offers] == [("lease_no", "ZL2025-0001", 1)]


def test_where_a_business_is_is_not_offered_as_where_somebody_lives():
    home, shop = Answer("address", "text", "河湾路200弄5号"), Answer("premises", "text", "")
    paper = lease(material="premises-proof", values={"address": value("人民东路1208号")})

    assert [one.field for one in offers_from(paper, [home, shop])] == ["premises"]
    assert [one.field for one in offers_from(paper, [home])] == ["address"]


def test_dates_are_offered_as_dates():
    answers = [Answer("lease_start", "date", "")]

    assert offers_from(lease(values={"term_from": value("2025年5月4日")}), answers)[0].value == "2025-05-04"


@pytest.mark.parametrize(
    "answer",
    [
        Answer("lease_no", "text", "ZL2025-0001"),  # says the same already
        Answer("lease_no", "text", "", readonly=True),
        Answer("lease_no", "consent", ""),
        Answer("lease_no", "choice", ""),
    ],
)
def test_nothing_is_offered_where_nothing_may_be_taken(answer):
    assert offers_from(lease(values={"filing_no": value("ZL2025-0001")}), [answer]) == []


def test_the_registered_home_on_a_card_is_not_offered_as_where_somebody_lives():
    card = lease(
        material="id-card",
        kind="id-card",
        accepted=frozenset({"id-card"}),
        values={"address": value("示范省示例县1号")},
    )

    assert offers_from(card, [Answer("address", "address", "")]) == []
