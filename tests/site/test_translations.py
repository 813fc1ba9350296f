import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool():
    about = importlib.util.spec_from_file_location("translations", ROOT / "tools" / "translations.py")
    module = importlib.util.module_from_spec(about)
    about.loader.exec_module(module)
    return module


def test_every_way_of_marking_a_sentence_in_python_is_found(tool, tmp_path):
    file = tmp_path / "words.py"
    file.write_text(
        "from django.utils.translation import gettext as _, gettext_lazy, ngettext, pgettext\n"
        "from django.utils import translation\n"
        "import re\n"
        "a = _('one')\nb = gettext_lazy('two ' 'pieces')\nc = ngettext('%(n)s day', '%(n)s days', 3)\nd = pgettext('a state', 'open')\n"
        "e = translation.gettext('three')\nf = re.search('not ours', 'x')\n"
    )

    assert [(message, context) for _line, message, context in tool.of_python(file)] == [
        ("one", None),
        ("two pieces", None),
        (("%(n)s day", "%(n)s days"), None),
        ("open", "a state"),
        ("three", None),
    ]


def test_a_sentence_that_cannot_be_collected_is_reported(tool, tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "WRONG", [])
    file = tmp_path / "words.py"
    file.write_text("from django.utils.translation import gettext as _\nname = 1\na = _(f'hello {name}')\n")

    assert list(tool.of_python(file)) == []
    assert tool.WRONG == ["words.py:3: not a plain sentence"]


def test_every_way_of_marking_a_sentence_in_a_template_is_found_as_django_looks_it_up(tool, tmp_path):
    file = tmp_path / "page.html"
    file.write_text(
        '{% translate "one" %} {% trans "100% done" as x %} {% translate "May" context "month name" %}\n'
        "{% blocktranslate trimmed with n=cases|length %}\n  There are\n  {{ n }} cases, 50%\n{% endblocktranslate %}\n"
        "{% blocktranslate count n=days %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}\n"
        '{{ _("in a variable") }} {% include "x.html" with title=_("in a tag") %}'
    )

    assert [(message, context) for _line, message, context in tool.of_template(file)] == [
        ("one", None),
        ("100%% done", None),
        ("May", "month name"),
        ("There are %(n)s cases, 50%%", None),
        (("%(n)s day", "%(n)s days"), None),
        ("in a variable", None),
        ("in a tag", None),
    ]


def test_a_collected_sentence_is_translated_by_django(tool, tmp_path, monkeypatch, settings):
    from django.template import Context, Template
    from django.utils import translation
    from django.utils.translation import trans_real

    monkeypatch.setattr(tool, "LOCALE", tmp_path / "locale")
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "PACKAGE", tmp_path)
    (tmp_path / "templates").mkdir()
    source = '{% load i18n %}{% blocktranslate trimmed %}\n There are {{ n }} cases, 50%\n{% endblocktranslate %}|{% translate "100% done" %}'
    (tmp_path / "templates" / "page.html").write_text(source)
    assert tool.collect() == 0
    assert tool.missing() == 1
    path = tool.po_file("zh_Hans")
    filled = path.read_text("utf-8")
    for english, chinese in (("There are %(n)s cases, 50%%", "有%(n)s件，50%%"), ("100%% done", "100%% 完成")):
        filled = filled.replace(f'msgid "{english}"\nmsgstr ""', f'msgid "{english}"\nmsgstr "{chinese}"')
    path.write_text(filled, "utf-8")
    assert (tool.missing(), tool.compile_all()) == (0, 0)

    settings.LOCALE_PATHS = [tmp_path / "locale"]
    monkeypatch.setattr(trans_real, "_translations", {})
    with translation.override("zh-hans"):
        assert Template(source).render(Context({"n": 3})) == "有3件，50%|100% 完成"


def test_a_translation_that_lost_a_placeholder_is_not_compiled(tool, tmp_path, monkeypatch):
    monkeypatch.setattr(tool, "LOCALE", tmp_path / "locale")
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    path = tool.po_file("zh_Hans")
    path.parent.mkdir(parents=True)
    path.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n#, python-format\nmsgid "%(n)s days"\nmsgstr "%(m)s天"\n',
        "utf-8",
    )

    assert tool.compile_all() == 1
