"""A third language: one file to the translator, one file back, English where nothing is translated yet."""

from io import BytesIO
from itertools import islice

import pytest
from babel.messages.pofile import read_po, write_po
from django.test import Client
from django.utils import translation

from tests import make
from tongban.lib import bilingual
from tongban.site import commands, translating

pytestmark = pytest.mark.django_db


@pytest.fixture
def french(settings, tmp_path):
    """A house that offers French, and forgets it afterwards."""
    settings.TONGBAN_VAR = tmp_path
    settings.LANGUAGES = [*settings.LANGUAGES, ("fr", "français")]
    yield lambda: setattr(settings, "LOCALE_PATHS", [tmp_path / "locale", translating.PACKAGE / "locale"])
    bilingual.learn("fr", {})


@pytest.fixture
def shorter(monkeypatch):
    """A hundred sentences instead of thousands: the first test here has them all."""
    some = [one for one in translating._sentences() if one.id in {"Sign in", "Messages"}]
    some += islice(translating._sentences(), 100)
    monkeypatch.setattr(translating, "_sentences", lambda: iter(some))
    return some


def file(**translated) -> bytes:
    """The exported file with some entries filled in: `content:` before what the catalogue says."""
    catalog = read_po(BytesIO(translating.give("fr")), locale="fr")
    for english, french_words in translated.pop("entries").items():
        context = translating.CONTENT if english.startswith("content:") else None
        message = catalog.get(english.removeprefix("content:"), context)
        assert message is not None, english
        message.string = french_words
    out = BytesIO()
    write_po(out, catalog, width=0)
    return out.getvalue()


def test_a_translators_file_comes_back_and_people_read_it(french):
    make.matter(slug="permit", name={"zh": "居住证", "en": "Residence permit"})
    make.matter(slug="other", name={"zh": "其他", "en": "Another thing"})

    taken = translating.take(
        "fr", file(entries={"Sign in": "Se connecter", "content:Residence permit": "Titre de séjour"})
    )
    french()

    assert (taken.sentences, taken.content, taken.wrong, taken.unknown) == (1, 1, [], 0)
    assert taken.missing > 500
    with translation.override("fr"):
        assert translation.gettext("Sign in") == "Se connecter"
        assert translation.gettext("Messages") == "Messages"  # English, never Chinese
        assert bilingual.say({"zh": "居住证", "en": "Residence permit"}) == "Titre de séjour"
        assert bilingual.say({"zh": "其他", "en": "Another thing"}) == "Another thing"
        assert bilingual.say({"zh": "只有中文", "en": ""}) == "只有中文"
    page = Client().get("/account/sign-in/?lang=fr")
    words = page.content.decode()
    assert '<html lang="fr"' in words and "Se connecter" in words
    assert "Forgot your password?" in words and "忘记" not in words
    assert page.cookies["language"].value == "fr"


def test_what_was_translated_stands_in_the_next_file(french, shorter):
    make.matter(slug="permit", name={"zh": "居住证", "en": "Residence permit"})
    translating.take("fr", file(entries={"Sign in": "Se connecter", "content:Residence permit": "Titre de séjour"}))

    again = read_po(BytesIO(translating.give("fr")), locale="fr")

    assert again.get("Sign in").string == "Se connecter"
    assert again.get("Residence permit", translating.CONTENT).string == "Titre de séjour"
    assert again.get("Residence permit", translating.CONTENT).auto_comments == ["中文: 居住证"]


@pytest.mark.parametrize(
    ("english", "wrong"),
    [
        ("Connected again. Your application was sent at %(time)s.", "Votre demande est partie."),
        ("Connected again. Your application was sent at %(time)s.", "Partie à %(heure)s."),
        ("Sign in", "<b>Se connecter</b>"),
    ],
)
def test_a_file_with_wrong_placeholders_changes_nothing(french, shorter, english, wrong):
    if not any(message.id == english for message in shorter):
        shorter.append(type(shorter[0])(english, flags=["python-format"]))
    taken = translating.take("fr", file(entries={english: wrong, "Messages": "Courrier"}))

    assert len(taken.wrong) == 1 and english in taken.wrong[0]
    assert not translating.folder("fr").exists()


def test_something_that_is_no_po_file_is_said_to_be_none(french, tmp_path, capsys):
    (tmp_path / "x.po").write_bytes(b"\xff\xfe\x00 not words")

    assert (
        commands._module("translations").run(_options(act="import", language="fr", file=tmp_path / "x.po", check=False))
        == 2
    )
    assert "not a PO file" in capsys.readouterr().err


def test_the_command_gives_and_takes_one_file(french, shorter, tmp_path, capsys):
    make.matter(slug="permit", name={"zh": "居住证", "en": "Residence permit"})
    path = tmp_path / "fr.po"
    command = commands._module("translations")

    assert command.run(_options(act="export", language="fr", to=path)) == 0
    assert 'msgctxt "content"\nmsgid "Residence permit"' in path.read_text("utf-8")
    assert command.run(_options(act="import", language="fr", file=path, check=True)) == 0
    assert command.run(_options(act="export", language="en", to=path)) == 2
    said = capsys.readouterr().out
    assert "0 sentences and 0 texts of the catalogue translated" in said


def test_no_personal_data_goes_to_the_translator():
    make.account(make.person(name="不给翻译看"))

    assert "不给翻译看" not in translating.give("fr").decode()


class _options:
    def __init__(self, **given):
        self.__dict__.update(given)
