import datetime
import json
import re
import time
from io import BytesIO

import pikepdf
import pypdfium2
import pytest
from PIL import Image

from tests import eyes
from tests.licences.samples import IDENTIFIER, ISSUER, ROOT, sheet, types
from tongban.licences import rendering
from tongban.licences.face_labels import LABELS, OWN_WORDS, label
from tongban.licences.rendering import (
    CannotRender,
    Fact,
    Letter,
    LicenceSheet,
    Notice,
    Paragraph,
    Receipt,
    Table,
    letter_of,
    render_document,
    render_licence,
    render_receipt,
    render_seal,
)


def text_of(pdf: bytes) -> str:
    """All text of the document, without the spaces and breaks that only the layout made."""
    document = pypdfium2.PdfDocument(pdf)
    return "".join(re.sub(r"\s+", "", page.get_textpage().get_text_bounded()) for page in document)


def pages_of(pdf: bytes) -> int:
    return len(pypdfium2.PdfDocument(pdf))


def picture_of(pdf: bytes, scale: float = 2.0) -> Image.Image:
    return pypdfium2.PdfDocument(pdf)[0].render(scale=scale).to_pil()


@pytest.mark.parametrize("type_id", sorted(types()))
def test_every_type_of_the_district_fits_its_page_with_all_its_fields(type_id):
    pdf = render_licence(sheet(type_id))

    said = text_of(pdf)
    assert pages_of(pdf) == 1
    assert types()[type_id]["zh"].replace(" ", "") in said
    assert IDENTIFIER in said
    for name in types()[type_id]["face_fields"]:
        if name not in {"photo", "qr"}:
            assert label(type_id, name).zh in said, name
            assert re.sub(r"\s", "", label(type_id, name).en) in said, name


def test_every_field_of_every_type_has_words_and_no_word_is_left_over():
    used = {name for kind in types().values() for name in kind["face_fields"]}

    assert used - set(LABELS) == set()
    assert set(LABELS) - used == set()
    for type_id, name in OWN_WORDS:
        assert name in types()[type_id]["face_fields"]


def test_the_file_is_archival_and_accessible_and_embeds_every_font():
    pdf = render_licence(sheet())

    with pikepdf.open(BytesIO(pdf)) as opened:
        with opened.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "3"
            assert metadata["pdfaid:conformance"] == "A"
            assert metadata["pdfuaid:part"] == "1"
        assert opened.Root.MarkInfo.Marked
        assert str(opened.Root.Lang).startswith("zh")
        descriptors = [
            found
            for found in opened.objects
            if isinstance(found, pikepdf.Dictionary) and found.get("/Type") == "/FontDescriptor"
        ]
        assert descriptors
        assert all({"/FontFile2", "/FontFile3"} & set(found.keys()) for found in descriptors)


def test_the_demonstration_says_so_and_a_real_licence_does_not():
    demonstration, real = text_of(render_licence(sheet())), text_of(render_licence(sheet(demo=False)))

    assert "示范DEMONSTRATION" in demonstration
    assert "withoutlegaleffect" in demonstration
    assert "DEMONSTRATION" not in real
    assert "示范件" not in real


@pytest.mark.parametrize("type_id", ["food-licence", "real-estate-cert"])
def test_the_code_on_the_paper_leads_to_the_public_check(type_id):
    picture = picture_of(render_licence(sheet(type_id)), scale=3)

    assert eyes.codes_in(picture) == ["https://tongban.example/verify/3vQp7mZkT0eLw2sYxR8bNg"]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "", "file:///etc/passwd"])
def test_a_code_never_leads_anywhere_but_to_a_web_address(address):
    with pytest.raises(CannotRender):
        render_licence(sheet(verify_url=address))


HOSTILE = [
    '#panic("owned")',
    '#import "@preview/cetz:0.3.0": *',
    '#read("/etc/passwd")',
    "$ integral $ *bold* _it_ = heading",
    '] #eval("1+1") [',
    "\\u{1F600} \\ `raw` <label> @ref // comment /* */",
    '"}, "demo": false, "x": {"',
    "${jndi:ldap://x} {{7*7}} <script>alert(1)</script>",
    "#" * 50,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_only_ever_text(name):
    pdf = render_licence(sheet("residence-permit", face={"name": name}))

    said = text_of(pdf)
    assert re.sub(r"\s", "", name) in said
    assert "示范DEMONSTRATION" in said
    assert b"root:" not in pdf


def test_the_templates_import_nothing_from_outside_and_evaluate_nothing():
    for template in rendering.TEMPLATES.glob("*.typ"):
        source = template.read_text()
        assert "@preview" not in source and "@local" not in source, template.name
        assert "eval(" not in source, template.name
        assert "read(" not in source.replace("pdf.attach", ""), template.name


NAMES = [
    "阿依古丽·买买提",
    "㛃𠅤",
    "Nguyễn Thị Hương Giang",
    "Łukasz Őszi-Þórsdóttir",
    "Αλέξανδρος Παπαδόπουλος",
    "Екатерина Щербакова",
    "索朗·次仁",
    "欧阳" + "建国" * 11 + "强",
    "O’Connor-Smith, Mary-Jane",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_printed_as_they_are(name):
    said = text_of(render_licence(sheet("residence-permit", face={"name": name})))

    assert re.sub(r"\s", "", name) in said


def test_a_rare_character_is_drawn_by_a_font_of_this_machine_or_named_by_its_number():
    pdf = render_licence(sheet("residence-permit", face={"name": "王𠮷"}))

    said = text_of(pdf)
    assert "王𠮷" in said or "王U+20BB7" in said


def test_a_character_no_font_knows_is_named_by_its_number_and_never_a_box(monkeypatch):
    monkeypatch.setattr(rendering._typesetter(), "borrow", lambda cluster: "")

    said = text_of(render_licence(sheet("residence-permit", face={"name": "王𠮷强"})))

    assert "王U+20BB7强" in said


def test_a_picture_of_the_glyph_stands_in_where_the_register_has_one(monkeypatch):
    monkeypatch.setattr(rendering._typesetter(), "borrow", lambda cluster: "")
    drawn = b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'><rect width='10' height='10' fill='#123456'/></svg>"

    without = render_licence(sheet("residence-permit", face={"name": "王𠮷强"}))
    with_picture = render_licence(sheet("residence-permit", face={"name": "王𠮷强"}, glyph_pictures={"𠮷": drawn}))

    assert "U+20BB7" in text_of(without)
    assert "U+20BB7" not in text_of(with_picture)
    assert (0x12, 0x34, 0x56) in {colour for _, colour in picture_of(with_picture, 3).convert("RGB").getcolors(1 << 24)}


def test_typst_itself_refuses_a_character_without_a_glyph(monkeypatch):
    """The last guard: even if our own map were wrong, no box is ever printed."""
    monkeypatch.setattr(rendering._Printer, "text", lambda printer, text: text)

    with pytest.raises(CannotRender, match="could not be displayed"):
        render_licence(sheet("residence-permit", face={"name": "王𪚥"}))


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200b"])
def test_marks_that_turn_the_reading_direction_are_shown_by_number(mark):
    said = text_of(render_licence(sheet("residence-permit", face={"name": f"张{mark}示范"})))

    assert f"张U+{ord(mark):04X}示范" in said


def test_a_scope_of_business_too_long_for_the_face_is_told_in_full_on_an_annex():
    scope = "；".join(f"第{number}类商品" for number in range(300))

    pdf = render_licence(sheet("business-licence", face={"scope": scope}))

    said = text_of(pdf)
    assert pages_of(pdf) >= 2
    assert "全文见附页" in said and "Annex" in said
    missing = [part for part in scope.split("；") if part not in said]
    assert len(missing) < pages_of(pdf), missing  # one may be cut in two by each page's edge
    assert "第299类商品" in said


def test_merged_licences_stand_in_a_table_and_move_to_the_annex_when_there_are_many():
    def merged(count):
        return [
            {
                "name": {"zh": f"许可{n}", "en": f"Permit {n}"},
                "number": f"NO-{n:03}",
                "valid_to": datetime.date(2030, 1, 1),
            }
            for n in range(count)
        ]

    few = render_licence(sheet("industry-licence", face={"merged_licences": merged(4)}))
    many = render_licence(sheet("industry-licence", face={"merged_licences": merged(20)}))

    assert pages_of(few) == 1 and "NO-003" in text_of(few)
    assert pages_of(many) == 2
    assert all(f"NO-{n:03}" in text_of(many) for n in range(20))


def test_days_are_said_in_both_languages_and_no_end_is_said_too():
    dated = text_of(render_licence(sheet("residence-permit", face={"valid_to": "2031-11-20"})))
    endless = text_of(render_licence(sheet("marriage-cert", valid_to=None)))

    assert "2031年11月20日20November2031" in dated
    assert "至长期" in endless and "noenddate" in endless


def test_a_portrait_is_made_small_and_upright_rubbish_is_refused():
    face = Image.new("RGBA", (3000, 4000), "#884422")
    file = BytesIO()
    face.save(file, "PNG")

    pdf = render_licence(sheet("residence-permit", photo=file.getvalue()))

    with pikepdf.open(BytesIO(pdf)) as opened:
        images = [
            found for found in opened.objects if isinstance(found, pikepdf.Stream) and found.get("/Subtype") == "/Image"
        ]
        assert [(int(found.Width), int(found.Height)) for found in images] == [(540, 720)]
    with pytest.raises(CannotRender):
        render_licence(sheet("residence-permit", photo=b"not a picture"))


def test_the_signed_statement_travels_inside_the_file():
    pdf = render_licence(sheet(statement="head.body.signature"))

    with pikepdf.open(BytesIO(pdf)) as opened:
        assert [(name, held.get_file().read_bytes()) for name, held in opened.attachments.items()] == [
            ("licence.jws", b"head.body.signature")
        ]


def test_the_same_sheet_is_always_the_same_file():
    assert render_licence(sheet()) == render_licence(sheet())


def test_families_wear_different_colours():
    corners = {
        type_id: picture_of(render_licence(sheet(type_id)), 1).convert("RGB").getpixel((60, 300))
        for type_id in ("residence-permit", "food-licence", "real-estate-cert", "tax-paid-cert")
    }

    assert len(set(corners.values())) == 4


def test_a_warm_licence_is_drawn_in_a_moment():
    """Not a benchmark: only that the compiler is kept and fonts are not parsed for every licence."""
    render_licence(sheet())
    began = time.process_time()
    render_licence(sheet(face={"operator": "另一家公司"}))

    assert time.process_time() - began < 2


LETTER = Letter(
    kind="refusal",
    number="示市监不许字〔2026〕18号",
    case_number="990000261121000187",
    issuer=ISSUER,
    addressee="示范区溪畔小馆餐饮有限公司",
    dated=datetime.date(2026, 11, 21),
    facts=[Fact({"zh": "决定", "en": "Decision"}, {"zh": "不予许可", "en": "Refused"}, important=True)],
    blocks=[
        Paragraph({"zh": "不符合条件。", "en": "The conditions are not met."}),
        Table(
            [{"zh": "材料", "en": "Material"}, {"zh": "页", "en": "Page"}],
            [["平面图", 2], [{"zh": "合同", "en": "Lease"}, 3]],
        ),
        Notice(
            {"zh": "救济途径", "en": "Ways of appeal"},
            {"zh": "60日内申请复议。", "en": "Reconsideration within 60 days."},
        ),
    ],
    verify_url="https://tongban.example/c/1",
)


def test_a_refusal_says_what_why_and_how_to_appeal_in_both_languages():
    said = text_of(render_document(LETTER))

    for words in [
        "不予许可决定书",
        "Refusaldecision",
        "990000261121000187",
        "Theconditionsarenotmet.",
        "平面图",
        "合同Lease",
        "救济途径",
        "60日内申请复议。",
        "ortypetongban.example/c/1",
    ]:
        assert words in said, words
    assert "示范件" in said


@pytest.mark.parametrize("kind", sorted(rendering.TITLES))
def test_every_kind_of_letter_has_its_title(kind):
    letter = Letter(kind, "1", "2", ISSUER, "张示范", datetime.date(2026, 11, 21))

    assert rendering.TITLES[kind]["zh"] in text_of(render_document(letter))


def test_a_letter_of_many_paragraphs_runs_over_pages_with_its_foot_on_the_last():
    many = [Paragraph({"zh": f"第{n}段。" * 20, "en": f"Paragraph {n}. " * 20}) for n in range(30)]

    pdf = render_document(Letter("correction", "1", "2", ISSUER, "张示范", datetime.date(2026, 11, 21), blocks=many))

    document = pypdfium2.PdfDocument(pdf)
    last = document[len(document) - 1].get_textpage().get_text_bounded()
    assert len(document) > 3
    assert "2026年11月21日" in re.sub(r"\s", "", last)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_in_a_letter_are_only_ever_text(text):
    letter = Letter(
        "acceptance", "1", "2", ISSUER, text, datetime.date(2026, 11, 21), blocks=[Paragraph({"zh": text, "en": text})]
    )

    assert re.sub(r"\s", "", text) in text_of(render_document(letter))


def test_naughty_strings_are_printed_or_named_and_break_nothing():
    strings = json.loads((ROOT / "tests" / "vectors" / "blns" / "blns.json").read_text())
    assert len(strings) > 500

    rows = [[text] for text in strings]
    letter = Letter("acceptance", "1", "2", ISSUER, "x", datetime.date(2026, 11, 21), blocks=[Table([ISSUER], rows)])

    said = text_of(render_document(letter))
    for text in strings:
        if text.isascii() and text.isprintable() and len(text) < 40:
            assert re.sub(r"\s", "", text) in said, text


def test_a_receipt_shows_number_code_promise_and_that_a_date_is_provisional():
    received = datetime.datetime(2026, 11, 21, 2, 31, tzinfo=datetime.UTC)
    receipt = Receipt(
        number="R1", case_number="990000261121000187", query_code="7K3M-92QD", issuer=ISSUER, applicant="王演练",
        matter={"zh": "居住证签注", "en": "Residence permit renewal"}, received_at=received,
        promised_on=datetime.date(2027, 1, 4), provisional=True,
        materials=[({"zh": "身份证", "en": "Identity card"}, {"zh": "电子证照", "en": "E-licence"})],
    )  # fmt: skip

    said = text_of(render_receipt(receipt))

    for words in [
        "990000261121000187",
        "7K3M-92QD",
        "2027年1月4日",
        "2026年11月21日10:31",
        "暂定",
        "provisional",
        "身份证",
    ]:
        assert words in said, words


def test_a_stored_paper_of_a_case_becomes_a_letter():
    content = {
        "title": {"zh": "不予决定书", "en": "Decision to refuse"},
        "case_number": "990000261121000187",
        "query_code": "7K3M92QD",
        "matter": {"zh": "食品经营许可", "en": "Food business licence"},
        "applicant": {"zh": "张示范", "en": "Zhang Shifan"},
        "department": ISSUER,
        "paragraphs": [{"zh": "理由。", "en": "Reason."}, {"zh": "可以复议。", "en": "You may appeal."}],
        "rows": [[{"zh": "承诺办结", "en": "Promised by"}, "2026-12-01"]],
        "made_at": "2026-11-21T16:30:00+00:00",
    }

    letter = letter_of(content, kind="refusal", number="990000261121000187-01")

    assert letter.dated == datetime.date(2026, 11, 22)
    assert letter.blocks[-1] == Notice(
        {"zh": "救济途径", "en": "Ways of appeal"}, {"zh": "可以复议。", "en": "You may appeal."}
    )
    said = text_of(render_document(letter))
    assert "2026年12月1日" in said and "7K3M92QD" in said


@pytest.mark.parametrize("as_table", [False, True])
def test_seal_and_code_never_stand_alone_on_a_page(as_table):
    """Whatever the length, the last page has the end of what is sealed."""
    words = [{"zh": f"第{number}段，与会部门意见一致。" * 4, "en": "All agreed. " * 12} for number in range(9)]
    lengths = set()
    for many in range(3, 10):
        blocks = (
            [Table(({"zh": "意见", "en": "Opinion"},), [[one] for one in words[:many]])]
            if as_table
            else [Paragraph(one) for one in words[:many]]
        )
        letter = Letter("refusal", "1", "2", ISSUER, "张示范", datetime.date(2026, 11, 22), blocks=blocks)
        document = pypdfium2.PdfDocument(render_document(letter))
        lengths.add(len(document))
        last = document[len(document) - 1].get_textpage().get_text_bounded()
        assert f"第{many - 1}段" in re.sub(r"\s+", "", last), many
    assert lengths == {1, 2}


def test_a_long_identifier_is_parted_inside_its_column_and_copied_whole():
    number = "1.2.156.3005.2.999900000022.99990000000000002J.000000002.001.J"
    facts = [Fact({"zh": "证照", "en": "Licence"}, number)]
    letter = Letter("refusal", "1", "2", ISSUER, "张示范", datetime.date(2026, 11, 22), facts=facts)
    page = pypdfium2.PdfDocument(render_document(letter))[0].get_textpage()
    found = page.get_text_bounded().find("1.2.156")
    right = max(page.get_charbox(at)[2] for at in range(found, found + 60))

    assert number in text_of(render_document(letter))
    assert right < 524  # points: where the column ends


def test_the_seal_carries_our_wave_the_name_and_that_it_is_a_demonstration():
    demonstration, real = text_of(render_seal(ISSUER, demo=True)), text_of(render_seal(ISSUER, demo=False))

    assert set(ISSUER["zh"]) <= set(demonstration)
    assert "示范专用章" in demonstration
    assert "示范专用章" not in real


def test_fonts_come_with_their_licence():
    fonts = ROOT / "tongban" / "licences" / "fonts"

    assert "SIL OPEN FONT LICENSE" in (fonts / "OFL.txt").read_text().upper()
    assert isinstance(sheet(), LicenceSheet)
