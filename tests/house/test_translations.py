"""Both languages, whole: every sentence has its Chinese, and no page shows a sentence of the other language."""

import importlib.util
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.test import Client

from tests import doors, make
from tongban.departments.models import Role

ROOT = Path(__file__).resolve().parents[2]
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def tool():
    about = importlib.util.spec_from_file_location("translations", ROOT / "tools" / "translations.py")
    module = importlib.util.module_from_spec(about)
    about.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def gathered(tool):
    """Every sentence of the code and of the templates."""
    return tool.gathered()


@pytest.fixture(scope="module")
def chinese(tool):
    with tool.po_file("zh_Hans").open("rb") as file:
        return read_po(file, locale="zh_Hans")


def forms(said) -> list[str]:
    return list(said) if isinstance(said, tuple | list) else [said]


def said_in(catalog) -> dict:
    """Sentence and context -> its forms in the other language; Babel reads contexts of a compiled file as bytes."""
    return {
        (
            forms(message.id)[0],
            message.context.decode() if isinstance(message.context, bytes) else message.context,
        ): forms(message.string)
        for message in catalog
        if message.id and all(forms(message.string))
    }


# -- the book of sentences


def test_every_sentence_has_its_chinese(tool, gathered, chinese):
    missing = []
    for message in gathered:
        found = chinese.get(message.id, message.context) if message.id else None
        if message.id and (found is None or not all(forms(found.string))):
            missing.append(f"{message.locations[0][0]}: {message.id}")

    assert missing == [], "run `make messages`, then write the Chinese into tongban/locale"
    assert tool.WRONG == []


def test_nothing_is_guessed_and_nothing_is_left_over(gathered, chinese):
    there = {(message.id if isinstance(message.id, str) else message.id[0], message.context) for message in gathered}
    written = {(forms(message.id)[0], message.context) for message in chinese if message.id}

    assert [message.id for message in chinese if message.id and message.fuzzy] == []
    assert sorted(str(one) for one in written - there) == [], "run `make messages`"


def test_every_placeholder_stands_on_both_sides(chinese):
    names = re.compile(r"%\(\w+\)[sd]|</?[a-z]+>")
    wrong = [
        message.id
        for message in chinese
        if message.id
        for said in forms(message.string)
        if set(names.findall(forms(message.id)[-1])) != set(names.findall(said))
    ]

    assert wrong == []


def test_chinese_is_written_with_its_own_marks(chinese):
    """Full-width marks between Chinese words, a blank beside a number, no doubled mark."""
    half = re.compile(
        r"[\u4e00-\u9fff][,;:?!]|[,;?!][\u4e00-\u9fff]|[\u4e00-\u9fff]\s*\([^)]*[\u4e00-\u9fff]|。。|，，|[\u4e00-\u9fff]\.(?:\s|$)"
    )
    wrong = [said for message in chinese if message.id for said in forms(message.string) if half.search(said)]

    assert wrong == []


def test_what_the_program_reads_is_what_the_book_says(tool, chinese):
    """Compiled at set-up; an old one would show yesterday's words."""
    with tool.po_file("zh_Hans").with_suffix(".mo").open("rb") as file:
        compiled = said_in(read_mo(file))

    assert compiled == said_in(chinese), "run `.venv/bin/python tools/translations.py compile`"


def test_no_template_has_chinese_of_its_own():
    """Beside the name of the other language, which is written in that language."""
    allowed = {"中文", "通办"}
    found = {
        f"{path.relative_to(ROOT)}: {text}"
        for path in [*ROOT.glob("tongban/**/templates/**/*.html"), *ROOT.glob("tongban/**/templates/**/*.txt")]
        for text in re.findall(r"[\u4e00-\u9fff]+", path.read_text("utf-8"))
        if text not in allowed and path.name != "style.html"  # the page of the look shows a person's name
    }

    assert found == set()


# -- the pages


class Visible(HTMLParser):
    """What people see or hear of a page: texts, titles, labels, placeholders; nothing that is declared to be in another language."""

    VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
    SPOKEN = ("aria-label", "title", "placeholder", "alt")

    def __init__(self, language: str):
        super().__init__()
        self.language, self.open, self.texts, self.links = language, [], [], []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        other = tag != "html" and "lang" in given and not given["lang"].startswith(self.language)
        hidden = other or tag in {"script", "style", "template", "code", "kbd"}
        if not any(one for _tag, one in self.open) and not hidden:
            self.texts += [given[name] for name in self.SPOKEN if given.get(name)]
            if tag == "a" and (given.get("href") or "").startswith("/"):
                self.links.append(given["href"].split("#")[0])
        if tag not in self.VOID:
            self.open.append((tag, hidden))

    def handle_endtag(self, tag):
        if tag in self.VOID or tag not in [one for one, _hidden in self.open]:
            return
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_startendtag(self, tag, attributes):
        pass  # drawings

    def handle_data(self, data):
        text = " ".join(data.split())
        if text and not any(hidden for _tag, hidden in self.open):
            self.texts.append(text)


def seen(html: str, language: str) -> Visible:
    visible = Visible(language)
    visible.feed(html)
    return visible


ENGLISH = re.compile(r"[A-Za-z][A-Za-z'’]*(?:[ ,/]+[A-Za-z][A-Za-z'’]*){2,}")
# what is nobody's language: names, and codes as they are read out in groups of four
NAMES = re.compile(
    r"WCAG 2\.2|JPEG|PNG|WebP|HEIC|PDF|Anna Berg|\b[0-9a-hj-km-np-z]{4} [0-9a-hj-km-np-z]{4} [0-9a-hj-km-np-z]{4}\b"
)


def english_in(html: str) -> list[str]:
    return [found for text in seen(html, "zh").texts for found in ENGLISH.findall(NAMES.sub("", text))]


def chinese_in(html: str) -> list[str]:
    return [text for text in seen(html, "en").texts if HAN.search(text)]


def test_control_a_sentence_in_the_wrong_language_is_noticed():
    page = '<html lang="zh"><p title="Please try again">好</p><p lang="en">This is fine here</p><p>Saved a moment ago 用 PDF</p>'

    assert english_in(page) == ["Please try again", "Saved a moment ago"]
    assert chinese_in('<html lang="en"><p lang="zh">中文</p><input placeholder="请填写"><p>Fine</p>') == ["请填写"]


class World:
    """A matter, cases on their way, an officer; every name in both languages, every answer without one."""

    def __init__(self):
        make.calendar()
        bureau = make.department("PSB", name={"zh": "公安局", "en": "Public Security Bureau"})
        person = make.person("李示例", name_en="Li Shili", address="1")
        self.citizen = make.account(person, login="citizen")
        self.matter = make.matter(
            "permit-renewal", department=bureau,
            contacts=[{"kind": "advice", "name": {"zh": "窗口", "en": "Window"}, "phone": "1"}],
        )  # fmt: skip
        self.officer = make.officer(*[str(role) for role in Role], of=bureau).account
        self.draft = make.draft(self.matter, account_=self.citizen)
        self.cases = [
            make.case(state, self.matter, account_=make.account(make.person("李示例", address="1")))
            for state in ("pre_review", "correction_requested", "under_review", "approved")
        ]

    def addresses(self):
        yield (
            None,
            [
                "/",
                "/search/?q=permit",
                "/search/?q=zzzz",
                "/matters/permit-renewal/",
                "/track/",
                "/verify/",
                "/nothing/",
            ],
        )
        yield None, ["/account/sign-in/", "/account/sign-up/", "/accessibility/", "/privacy/"]
        own = f"/apply/{self.draft.ref}"
        yield (
            self.citizen,
            ["/my/", "/my/cases/", "/my/drafts/", "/my/licences/", "/my/inbox/", f"{own}/form/", f"{own}/materials/"],
        )
        yield (
            self.citizen,
            [
                f"{own}/check/",
                "/matters/permit-renewal/apply/",
                "/account/",
                "/account/security/",
                "/account/reads/",
                "/account/identity/",
            ],
        )
        for case in self.cases:
            yield case.account, [f"/my/cases/{case.ref}/", "/my/inbox/", f"/my/cases/{case.ref}/withdraw"]
            yield self.officer, [f"/office/cases/{case.ref}/"]
        yield (
            self.officer,
            [
                "/office/",
                "/office/desk/",
                "/office/find/",
                "/office/follow-ups/",
                "/office/identities/",
                "/office/window/",
            ],
        )


PEOPLE_WROTE = re.compile(r"李[示*]例|工作人员\d+|示范路1号|too short|in order|^中文$")


def leftovers(world: World, language: str) -> dict[str, list[str]]:
    found = {}
    for who, addresses in world.addresses():
        client = Client(raise_request_exception=False)
        client.cookies["language"] = language
        if who is not None:
            who.language = language
            who.save(update_fields=["language"])
            doors.enter(client, who, present=True)
        for address in addresses:
            html = client.get(address).content.decode()
            wrong = english_in(html) if language == "zh-hans" else chinese_in(html)
            wrong = [text for text in wrong if not PEOPLE_WROTE.search(text)]
            if wrong:
                found[address] = wrong
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_no_page_shows_a_sentence_of_the_other_language(language):
    assert leftovers(World(), language) == {}
