import gzip
import re

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from tests import doors, make
from tongban.channels.portal import kept_pages
from tongban.journal import services as journal
from tongban.matters import services as matters
from tongban.matters.models import Matter, MatterVersion, Theme
from tongban.registers.models import Grant, Resource
from tongban.site.demonstration import district

pytestmark = pytest.mark.django_db

CHINESE = re.compile(r"[\u3400-\u9fff]")
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}


def page(client: Client, address: str, **more) -> str:
    response = client.get(address, **more)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def english(client: Client, address: str) -> str:
    return page(client, address, **ENGLISH)


def words(html: str) -> str:
    """What a person reads in the main part, blanks made one."""
    main = html[html.index("<main") : html.index("</main>")]
    main = re.sub(r"<(svg|script)\b.*?</\1>", " ", main, flags=re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).strip()


def theme(slug="residence", zh="居住服务", en="Living in the city") -> Theme:
    return Theme.objects.create(slug=slug, name={"zh": zh, "en": en})


def named(zh: str, en: str, slug: str, **elements) -> Matter:
    return make.matter(slug, name={"zh": zh, "en": en}, **elements)


def of_theme(matter: Matter, shelf: Theme) -> Matter:
    matter.versions.get().themes.add(shelf)
    return matter


def residence() -> Matter:
    """A matter with every kind of document and a choice of situations."""
    make.licence_type("id-card", name={"zh": "居民身份证", "en": "Resident identity card"})
    make.material_type("id-card", name={"zh": "身份证", "en": "Identity card"}, licence_type="id-card")
    make.material_type("photo", name={"zh": "照片", "en": "Photograph"}, resource="photo-library")
    make.material_type("app-form", name={"zh": "申请表", "en": "Application form"})
    make.material_type("lease", name={"zh": "租赁合同", "en": "Lease"}, issued_by="applicant")
    make.material_type("letter", name={"zh": "单位证明", "en": "Letter of the employer"}, issued_by="employer")
    library = Resource.objects.create(
        slug="photo-library",
        name={"zh": "证件照库", "en": "Photo library"},
        provider="PSB",
        share="conditional",
        fields=["photo"],
    )
    Grant.objects.create(
        resource=library, matter="permit", purpose="materials", fields=["photo"], ground={"zh": "条例", "en": "Regulation 7"}
    )  # fmt: skip

    def needs(material, exempt, **more):
        return {
            "material": material, "required": True, "originals": 0, "copies": 0, "electronic": 1, "exempt": exempt,
            "tolerant": False, "when": {}, **more,
        }  # fmt: skip

    return named(
        "居住证申领", "Residence permit", "permit",
        requirements=[needs("id-card", "licence"), needs("photo", "data"), needs("app-form", "generated"),
                      needs("letter", "commitment")],
        situations=[
            {"id": "own", "zh": "自有", "en": "Own home", "name": {"zh": "自有", "en": "Own home"}, "adds": [], "removes": []},
            {"id": "rent", "zh": "租赁", "en": "Rented", "name": {"zh": "租赁", "en": "Rented"}, "adds": ["lease"], "removes": []},
        ],
        decided_by="rule",
        rules={"and": [{">=": [{"var": "age"}, 18]}, {"or": [{"==": [{"var": "employment.active"}, True]}, {"==": [{"var": "housing.proved"}, True]}]}]},
        rules_version="2026.1",
        steps=[{"id": "apply", "name": {"zh": "提交", "en": "You apply"}, "who": {"zh": "您", "en": "You"}, "limit": {"zh": "随时", "en": "At any time"}}],
        legal_basis=[{"zh": "暂行条例", "en": "Interim Regulations"}],
        power_source="own", body_nature="legal_body", handling_office={"zh": "审批科", "en": "Review office"},
        entrusted_to={"zh": "街道", "en": "The subdistrict"}, joint_departments=[{"code": "TAX", "name": {"zh": "税务", "en": "Tax bureau"}}],
        authority_split={"zh": "区级", "en": "The district decides"}, quota={"zh": "一个", "en": "One for each person"},
        bars={"zh": "已有证", "en": "You hold one already"}, intermediary={"zh": "检测", "en": "A test by a laboratory"},
        special_procedures=[{"name": {"zh": "公示", "en": "Public notice"}, "limit": {"zh": "7日", "en": "7 days"}, "counted": False}],
        cross_region=["YRD"],
        conditions={"zh": "住满半年", "en": "Half a year in the city"},
        fee={"charged": True, "amount": 40, "cases": [], "text": {"zh": "40元", "en": "CNY 40"}},
        result={"kind": "e_licence", "ref": "permit", "name": {"zh": "居住证", "en": "The permit"}},
        validity={"years": 1, "text": {"zh": "1年", "en": "1 year"}},
        places=[{"hall": "h", "name": {"zh": "中心", "en": "The centre"}, "address": {"zh": "示范路1号", "en": "1 Demo Road"},
                 "hours": {"zh": "工作日", "en": "Working days 09:00-17:00"}, "lat": 31.0, "lng": 121.0, "ways": ["window"]}],
        contacts=[{"kind": "advice", "name": {"zh": "公安", "en": "Police"}, "phone": "021-0000-1000"},
                  {"kind": "complaint", "name": {"zh": "政务办", "en": "Service office"}, "phone": "021-0000-1029"}],
        appeal=[{"kind": "litigation", "name": {"zh": "诉讼", "en": "Court"}, "limit": {"zh": "6个月", "en": "6 months"},
                 "body": {"zh": "法院", "en": "The court"}, "text": {"zh": "可以", "en": "You may sue"}}],
        rights={"zh": "权利", "en": "You may be heard"},
        faqs=[{"id": "f1", "question": {"zh": "多久?", "en": "How long?"}, "answer": {"zh": "五天", "en": "Five days"}}],
    )  # fmt: skip


# -- the home page


def test_a_stranger_finds_search_life_events_bundles_and_what_is_asked_for_most(client):
    of_theme(named("居住证签注", "Residence permit endorsement", "endorse"), theme())
    bundle = named("开饭店一件事", "Opening a restaurant", "one-thing-restaurant")
    Matter.objects.filter(pk=bundle.pk).update(kind="bundle")

    html = english(client, "/")

    assert 'action="/search/"' in html and "tb-suggest" in html
    assert "/search/?theme=residence&amp;object=person" in html
    assert "/matters/endorse/" in html and "/matters/one-thing-restaurant/" in html


def test_a_home_page_without_any_matter_is_still_a_page(client):
    assert "What would you like to get done?" in english(client, "/")


def test_whoever_is_signed_in_sees_what_waits_and_what_was_begun(client):
    case = make.case("correction_requested")
    draft = make.draft(account_=case.account)
    doors.enter(client, case.account)

    html = english(client, "/")

    assert f"/my/cases/{case.ref}/" in html and f"/apply/{draft.ref}/" in html


def test_nobody_sees_what_waits_for_somebody_else(client):
    case = make.case("correction_requested")
    doors.enter(client, make.account())

    assert case.ref not in page(client, "/")


# -- search


def test_search_answers_in_chinese_english_pinyin_initials_and_with_slips(client):
    named("居住证签注", "Residence permit endorsement", "endorse")
    named("出生登记", "Registration of a birth", "birth")

    for q in ("居住证", "residence permit", "juzhuzheng", "jzz", "residense permit"):
        assert "/matters/endorse/" in page(client, "/search/", data={"q": q}), q
        assert "/matters/birth/" not in page(client, "/search/", data={"q": q}), q


def test_what_was_found_is_marked_and_a_slip_is_put_right_in_words(client):
    named("居住证签注", "Residence permit endorsement", "endorse")

    html = english(client, "/search/?q=residense+permit")

    assert "<mark>Residence</mark>" in html
    assert "<strong>residence permit</strong>" in html


def test_filters_are_links_that_say_how_many_there_would_be_and_work_without_script(client):
    shelf = theme()
    of_theme(named("居住证签注", "Residence permit endorsement", "endorse", handling_kind="instant"), shelf)
    of_theme(named("居住证变更", "Residence permit change", "change", channels=["window"]), shelf)

    html = english(client, "/search/?q=residence+permit")
    narrowed = english(client, "/search/?q=residence+permit&online=1")

    assert re.search(r'href="\?q=residence\+permit&amp;online=1".{0,400}>1</span>', html, re.S)
    assert "Living in the city (2)" in html
    assert "/matters/endorse/" in narrowed and "/matters/change/" not in narrowed
    assert re.search(r'href="\?q=residence\+permit" aria-current="true"', narrowed)


def test_a_chosen_theme_does_not_hide_the_others(client):
    of_theme(named("居住证签注", "Residence permit endorsement", "endorse"), theme())
    of_theme(named("居住证积分", "Residence permit points", "points"), theme("work", "就业", "Work"))

    html = english(client, "/search/?q=residence&theme=work")

    assert "/matters/points/" in html and "/matters/endorse/" not in html
    assert "Living in the city (1)" in html and '<option value="work" selected>Work (1)' in html


def test_companies_are_counted_once_however_many_kinds_of_them_a_matter_serves(client):
    named("开店", "Open a shop", "shop", objects_served=["company", "sole_proprietor"])
    named("注销", "Close a shop", "close", objects_served=["sole_proprietor"])

    assert re.search(r'object=company".{0,500}>2</span>', english(client, "/search/"), re.S)


def test_nothing_found_leads_to_the_nearest_themes_and_to_help(client):
    of_theme(named("居住证签注", "Residence permit endorsement", "endorse"), theme())

    html = english(client, "/search/?q=qqxxyyzz")

    assert "Nothing found" in html and "?theme=residence" in html and "tel:" in html


def test_filters_that_leave_nothing_say_what_there_is_without_them(client):
    named("居住证签注", "Residence permit endorsement", "endorse")

    html = english(client, "/search/?q=residence&kiosk=1")

    assert "Without the filters there is 1 result." in html


def test_a_long_list_goes_on_on_the_next_page_and_back(client):
    for number in range(25):
        named(f"居住证{number}", f"Residence permit {number}", f"permit-{number}")

    first = page(client, "/search/?q=residence+permit")
    second = page(client, "/search/?q=residence+permit&after=20")

    found = [set(re.findall(r'href="/matters/([^"]+)/"', html)) for html in (first, second)]
    assert (len(found[0]), len(found[1]), found[0] & found[1]) == (20, 5, set())
    assert 'rel="next" href="?q=residence+permit&amp;after=20"' in first
    assert 'rel="prev" href="?q=residence+permit"' in second


@pytest.mark.parametrize(
    "query",
    [
        "q=%00%ff", "q=" + "居" * 3000, "after=-1", "after=999999999999", "after=abc", "theme=%27%22%3Cscript%3E", "kind=nothing",
        "online=maybe", "q=*&q=**", "q=<script>alert(1)</script>",
    ],
)  # fmt: skip
def test_whatever_stands_in_the_address_the_answer_is_a_page(client, query):
    named("居住证签注", "Residence permit endorsement", "endorse")

    html = page(client, f"/search/?{query}")

    assert "<script>alert" not in html


def test_a_list_asks_the_database_as_often_with_one_matter_as_with_many(client, django_assert_max_num_queries):
    named("居住证签注", "Residence permit endorsement", "endorse")
    page(client, "/search/?q=residence")
    with django_assert_max_num_queries(8):
        page(client, "/search/?q=residence")
    for number in range(15):
        named(f"居住证{number}", f"Residence permit {number}", f"permit-{number}")
    journal.touch("catalogue")
    page(client, "/search/?q=residence")
    with django_assert_max_num_queries(8):
        page(client, "/search/?q=residence")


def test_suggestions_come_while_typing(client):
    named("居住证签注", "Residence permit endorsement", "endorse")

    rows = client.get("/search/suggest", {"q": "juzhu"}, **ENGLISH).json()["suggestions"]

    assert rows == [{"text": "Residence permit endorsement", "note": "", "href": "/matters/endorse/"}]
    assert client.get("/search/suggest").json() == {"suggestions": []}


# -- the guide


def test_a_guide_says_every_element(client):
    residence()

    said = words(english(client, "/matters/permit/"))

    for element in (
        "Residence permit", "PSB Bureau", "5 working days", "By law within 20 working days", "0 visits", "¥40",
        "The permit", "Valid for 1 year", "Persons", "Half a year in the city", "Identity card", "Photograph",
        "Application form", "Letter of the employer", "From: the employer", "Or sign a statement instead",
        "You apply", "At any time", "At a window", "The centre", "1 Demo Road", "Working days 09:00-17:00",
        "Interim Regulations", "You may be heard", "Court", "6 months", "Photo library", "Ground: Regulation 7",
        "How long?", "Five days", "021-0000-1000", "021-0000-1029", "Decided by published rules", "Age: must be at least 18",
        "At least one of these:", "Employed now: must be yes", "Version", "In force since", "a power of this level",
        "an authority by law", "Review office", "The subdistrict", "Tax bureau", "The district decides", "One for each person",
        "You hold one already", "A test by a laboratory", "Public notice: 7 days, not counted in the promised time",
        "across the Yangtze River Delta",
    ):  # fmt: skip
        assert element in said, element


def test_a_guide_says_which_documents_are_not_needed_and_why(client):
    residence()

    said = words(english(client, "/matters/permit/"))

    have = said.index("You need not hand in")
    assert said.index("Letter of the employer") < have < said.index("Identity card")
    assert "We fetch it from your electronic licences. You hand in nothing. Resident identity card" in said
    assert "We read it from the register that holds it. You hand in nothing. Photo library" in said
    assert "The platform makes it from your answers" in said


def test_a_situation_changes_the_documents(client):
    residence()

    before = words(english(client, "/matters/permit/"))
    rented = words(english(client, "/matters/permit/?situation=rent"))
    own = words(english(client, "/matters/permit/?situation=own"))

    assert "Only if: Rented" in before
    assert "Lease" in rented and "Only if" not in rented
    assert "Lease" not in own
    assert "Lease" in words(english(client, "/matters/permit/?situation=nonsense"))


def test_a_situation_that_promises_for_itself_is_said_before_and_after_it_is_chosen(client):
    matter = residence()
    version = matter.versions.get()
    version.handling_kind, version.promised_days = "instant", 0
    version.situations[1] |= {"handling_kind": "promised", "promised_days": 4, "inspection": "yes"}
    version.save()

    before = words(english(client, "/matters/permit/"))
    rented = words(english(client, "/matters/permit/?situation=rent"))
    own = words(english(client, "/matters/permit/?situation=own"))
    api = client.get("/api/v1/matters/permit").json()["situations"]

    assert "On the spot, or within 4 working days It depends on your situation. By law" in before
    assert "Rented 4 working days · somebody comes to look" in before and "Decided at once" not in before
    assert "Promised time 4 working days" in rented and "Decided at once" not in rented
    assert "Promised time On the spot" in own and "Decided at once" in own
    assert [(one["handling_kind"], one["promised_days"], one["site_inspection"]) for one in api] == [
        ("instant", 0, False),
        ("promised", 4, True),
    ]


def test_the_situation_chosen_at_the_guide_comes_along_into_the_application(client):
    matter = residence()
    doors.enter(client, make.account())

    guide = page(client, "/matters/permit/?situation=rent")
    address = re.search(r'href="([^"]*begin[^"]*situation=rent[^"]*|[^"]*apply[^"]*situation=rent[^"]*)"', guide)[1]
    asked = english(client, address)
    client.post(address, {"situation": re.findall(r'name="situation" value="([^"]+)"', asked)})

    assert "Rented" in asked
    assert matter.cases.get().situation == ["rent"]


def test_a_time_in_calendar_days_is_called_so(client):
    named("居留证件", "Residence permit", "stay", time_unit="calendar_day", promised_days=7, statutory_days=15)

    said = words(english(client, "/matters/stay/"))

    assert "7 calendar days" in said and "By law within 15 calendar days" in said and "working day" not in said


def test_whoever_holds_no_such_licence_is_told_to_add_the_document(client):
    residence()
    doors.enter(client, make.account())

    said = words(english(client, "/matters/permit/"))

    assert "You do not hold this as an electronic licence here yet." in said


def test_what_can_be_applied_for_has_a_button_and_what_cannot_says_so(client):
    named("网办", "Online", "online")
    named("窗口", "Window", "window", channels=["window"], form=[])

    online, window = english(client, "/matters/online/"), english(client, "/matters/window/")

    assert "/matters/online/apply/" in online and "Not online yet" not in online
    assert "/matters/window/apply/" not in window and "Not online yet" in window


def test_an_imported_guide_says_what_its_department_has_not_supplied(client):
    named("进口", "Imported", "imported", provenance="imported", promised_days=None, statutory_days=None, visits=None,
          form=[], channels=[], conditions={}, fee={}, result={})  # fmt: skip

    said = words(english(client, "/matters/imported/"))

    assert "This guide is not complete yet" in said and "how long it takes" in said and "Not stated" in said


def test_a_bundle_shows_its_matters_in_order_and_is_begun_as_one(client):
    named("出生证", "Birth certificate", "birth-certificate", channels=["window"], form=[])
    named("户口", "Household register", "hukou")

    def member(slug, en, **more):
        return {
            "matter": slug,
            "name": {"zh": "-", "en": en},
            "required": True,
            "when": {},
            "after": [],
            "online": True,
            **more,
        }

    bundle = named("出生一件事", "A child is born", "one-thing-birth", form=[], members=[
        member("hukou", "Household register", after=["birth-certificate"]), member("birth-certificate", "Birth certificate"),
    ])  # fmt: skip
    Matter.objects.filter(pk=bundle.pk).update(kind="bundle")

    html = english(client, "/matters/one-thing-birth/")

    said = words(html)
    assert said.index("Birth certificate") < said.index("Household register")
    assert "After : Birth certificate" in said.replace("After:", "After :")
    assert "/matters/one-thing-birth/apply/" in html and "In person, once" in said
    assert "A child is born" in words(english(client, "/matters/hukou/"))


def test_only_what_is_published_is_shown(client):
    matter = named("旧", "Old", "old")
    matter.versions.update(state=MatterVersion.State.RETIRED)

    assert client.get("/matters/old/").status_code == 404
    assert client.get("/matters/never-there/").status_code == 404


def test_a_new_version_is_shown_when_it_is_published(client):
    named("事项", "Matter", "matter")
    assert "5 working days" in words(english(client, "/matters/matter/"))

    row = MatterVersion.objects.get(matter__slug="matter")
    elements = {
        name: getattr(row, name) for name in ("name", "type", "type_code", "channels", "form", "visits", "online_depth")
    }
    matters.publish("matter", {**elements, "promised_days": 3}, today=timezone.localdate())

    with_session = Client()
    doors.enter(with_session, make.account())
    assert "3 working days" in words(english(with_session, "/matters/matter/"))


# -- kept pages


def test_a_public_page_is_drawn_once_and_answered_with_304_where_it_is_known(client, django_assert_num_queries):
    named("事项", "Matter", "matter")
    first = client.get("/matters/matter/")

    with django_assert_num_queries(0):
        again = client.get("/matters/matter/", headers={"If-None-Match": first.headers["ETag"]})
        packed = client.get("/matters/matter/", headers={"Accept-Encoding": "gzip"})

    assert (again.status_code, again.content) == (304, b"")
    assert gzip.decompress(packed.content) == first.content
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert {"Cookie", "Accept-Encoding", "Accept-Language"} <= {one.strip() for one in first.headers["Vary"].split(",")}
    assert not first.cookies


def test_a_guide_that_somebody_read_before_stays_readable_while_the_database_is_away(client, monkeypatch):
    named("事项", "Matter", "matter")
    first = client.get("/matters/matter/")

    def away(names):
        raise OperationalError("the database is away")

    monkeypatch.setattr(kept_pages, "topic_versions", away)
    monkeypatch.setattr(kept_pages, "LOOK_AGAIN_AFTER", -1.0)

    assert client.get("/matters/matter/").content == first.content


def test_what_is_published_elsewhere_shows_when_it_is_looked_for_again(client, monkeypatch):
    named("事项", "Matter", "matter")
    assert "5 working days" in words(english(client, "/matters/matter/"))
    MatterVersion.objects.filter(matter__slug="matter").update(promised_days=3)
    assert "5 working days" in words(english(client, "/matters/matter/"))

    journal.touch("catalogue")
    monkeypatch.setattr(kept_pages, "LOOK_AGAIN_AFTER", -1.0)

    assert "3 working days" in words(english(client, "/matters/matter/"))


def test_a_kept_page_goes_out_with_the_same_safeguards(client):
    named("事项", "Matter", "matter")
    first, again = client.get("/matters/matter/"), client.get("/matters/matter/")

    names = (
        "Content-Security-Policy",
        "X-Frame-Options",
        "X-Content-Type-Options",
        "Referrer-Policy",
        "Content-Language",
    )
    assert [again.headers[name] for name in names] == [first.headers[name] for name in names]
    assert first.headers["X-Request-ID"] != again.headers["X-Request-ID"]


def test_a_kept_page_is_kept_for_each_language_and_look(client):
    named("事项名", "The matter", "matter")

    assert "The matter" in english(client, "/matters/matter/")
    assert "事项名" in page(client, "/matters/matter/")
    client.cookies["scheme"] = "dark"
    assert 'data-color-scheme="dark"' in page(client, "/matters/matter/")


def test_what_somebody_hangs_on_to_an_address_is_not_shown_to_the_next_visitor(client):
    named("事项", "Matter", "matter")

    for address in ("/", "/search/", "/matters/matter/"):
        assert "planted" in page(client, f"{address}?planted=1")
        assert "planted" not in page(client, address)


def test_the_page_of_somebody_signed_in_is_nobody_elses(client):
    named("事项", "Matter", "matter")
    somebody = Client()
    doors.enter(somebody, make.account(make.person(name="李示例")))

    mine = somebody.get("/matters/matter/")
    public = client.get("/matters/matter/")

    assert "李示例" in mine.content.decode() and "李示例" not in public.content.decode()
    assert mine.headers["Cache-Control"].startswith("private")


# -- the district


def test_every_guide_of_the_district_is_drawn_in_english_without_a_chinese_word(client, settings):
    district.content()

    left = {}
    for slug in MatterVersion.objects.filter(state="published").values_list("matter__slug", flat=True):
        said = words(english(client, f"/matters/{slug}/"))
        if found := CHINESE.findall(said):
            left[slug] = "".join(found)

    assert left == {}
