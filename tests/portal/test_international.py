"""People from abroad: what they need first, names as long as theirs, days that cannot be confused, no Chinese without a mark."""

import re
from html.parser import HTMLParser

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import translation

from tests import doors, make
from tongban.cases import services as cases

pytestmark = pytest.mark.django_db

HAN = re.compile(r"[\u3400-\u9fff]")
NAMES = [
    "María del Carmen Ñuñez-O’Connor de la Santísima Trinidad y Borbón",
    "Nguyễn Thị Minh Khai Tôn Nữ Hoàng Phương Thảo Quỳnh Anh Diễm",
    "Wolfeschlegelsteinhausenbergerdorff-Oberhummergauermeier Hubert Blaine",
    "O'Brien, Seán Pádraig Ó Súilleabháin Mac Giolla Phádraig na hÉireann",
]


class Unmarked(HTMLParser):
    """Chinese words on the page that nothing marks as Chinese."""

    def __init__(self, page: str):
        super().__init__(convert_charrefs=True)
        self.around: list[tuple[str, bool]] = []
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag not in {"meta", "link", "input", "br", "img", "hr", "path", "circle", "rect"}:
            self.around.append((tag, (dict(attributes).get("lang") or "").startswith("zh")))

    def handle_startendtag(self, tag, attributes):
        """Nothing stands within it."""

    def handle_endtag(self, tag):
        while self.around and self.around.pop()[0] != tag:
            pass

    def handle_data(self, text):
        if HAN.search(text) and not any(chinese for _tag, chinese in self.around):
            self.found.append(text.strip())


def english(client: Client | None = None) -> Client:
    client = client or Client()
    client.cookies["language"] = "en"
    return client


def foreigner(name: str):
    person = make.person(name=name, id_kind="passport", id_no="E12345678", nationality="IE")
    return make.account(person)


def test_the_page_shows_what_the_catalogue_has_and_nothing_else():
    make.matter(slug="foreigner-work-permit", name={"zh": "外国人工作许可", "en": "Work permit for foreigners"})

    page = english().get("/international/").content.decode()

    assert 'href="/matters/foreigner-work-permit/"' in page and "Work permit for foreigners" in page
    assert "foreigner-accommodation" not in page
    assert "3 May 2026" in page and 'href="tel:110"' in page
    assert Unmarked(page).found == []


@pytest.mark.parametrize("name", NAMES)
def test_a_long_name_stands_whole_and_in_its_order_from_form_to_licence(name):
    account = foreigner(name)
    client = english(doors.enter(Client(), account, present=True))
    case = cases.begin(make.matter(), party=account.person, account=account)

    form = client.get(f"/apply/{case.ref}/form/")
    spaces = client.get("/my/")

    assert form.context["values"]["name"] == name
    for page in (form, spaces, client.get("/account/"), client.get("/my/licences/")):
        words = page.content.decode()
        assert name in words.replace("&#x27;", "'") or name.replace("'", "&#39;") in words, page.request["PATH_INFO"]
        assert set(Unmarked(words).found) <= {"中文"}  # a language by its own name


def test_what_a_register_says_in_chinese_is_marked_on_an_english_page():
    drawn = Template("{% load tongban %}<dd{{ words|tongue }}>{{ words }}</dd>")

    with translation.override("en"):
        assert drawn.render(Context({"words": "示范路1号"})) == '<dd lang="zh-Hans">示范路1号</dd>'
        assert drawn.render(Context({"words": "1 Demo Road"})) == "<dd>1 Demo Road</dd>"
    with translation.override("zh-hans"):
        assert drawn.render(Context({"words": "示范路1号"})) == "<dd>示范路1号</dd>"
