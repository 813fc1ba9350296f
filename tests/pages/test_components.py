from datetime import date
from pathlib import Path

import pytest
from django.template import engines
from django.template.loader import get_template, render_to_string
from django.utils import translation

from tongban.channels.pages import filling, views
from tongban.channels.pages.templatetags import tongban as tags
from tongban.lib.formschema import Form

TEMPLATES = Path(tags.__file__).resolve().parents[1] / "templates"
NASTY = "\"'><script>alert(1)</script>&"


def drawn(source: str, request=None, **context) -> str:
    return engines["django"].from_string("{% load tongban %}" + source).render(context, request)


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_every_template_can_be_read(path):
    get_template(str(path.relative_to(TEMPLATES)))


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_carries_style_or_script_of_its_own(path):
    text = path.read_text(encoding="utf-8")

    assert not any(bad in text for bad in (" style=", "onclick", "onchange", "onload", "<style", "javascript:"))
    assert "<script" not in text.replace('<script type="module" src="', "")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_style_page_shows_every_component(rf, language, scheme):
    request = rf.get("/style/")
    request.COOKIES["scheme"] = scheme
    with translation.override(language):
        html = render_to_string("pages/style.html", views.style_things(), request)

    assert f'data-color-scheme="{scheme}"' in html
    for sign in ("tb-hero", "tb-choice", "tb-matter", "tb-facts", "tb-steps", "tb-rating", "tb-licence", "tb-timeline"):
        assert f'class="{sign}' in html
    assert "{%" not in html and "{{" not in html and "<c-" not in html


COMPONENTS = [
    '{% cotton button href="{{ it }}" %}{{ it }}{% endcotton %}',
    '{% cotton card title="{{ it }}" href="{{ it }}" data-x="{{ it }}" %}{{ it }}{% endcotton %}',
    '{% cotton field name="n" label="{{ it }}" value="{{ it }}" hint="{{ it }}" help="{{ it }}" :errors="many" source="{{ it }}" / %}',
    '{% cotton field name="n" label="{{ it }}" type="textarea" value="{{ it }}" / %}',
    '{% cotton field name="n" label="x" :value="it" / %}',
    '{% cotton select name="n" label="{{ it }}" :options="pairs" :value="it" / %}',
    '{% cotton choices name="n" legend="{{ it }}" :options="pairs" :value="many" / %}',
    '{% cotton answer label="{{ it }}" value="{{ it }}" source="{{ it }}" :errors="many" / %}',
    '{% cotton licence name="{{ it }}" holder="{{ it }}" number="{{ it }}" issuer="{{ it }}" :fields="pairs" / %}',
    '{% cotton matter-card name="{{ it }}" department="{{ it }}" summary="{{ it }}" days="{{ it }}" / %}',
    '{% cotton moment title="{{ it }}" who="{{ it }}" / %}',
    '{% cotton problem sentence="{{ it }}" kept="{{ it }}" next="{{ it }}" / %}',
    '{% cotton error-summary :errors="wrong" :labels="wrong" / %}',
    '{% cotton search value="{{ it }}" placeholder="{{ it }}" / %}',
    '{% cotton uploader label="{{ it }}" hint="{{ it }}" :errors="many" / %}',
    '{% cotton rows name="n" legend="{{ it }}" :columns="columns" :rows="lines" / %}',
    '{% cotton fact label="{{ it }}" value="{{ it }}" unit="{{ it }}" note="{{ it }}" / %}',
    '{% cotton need title="{{ it }}" why="{{ it }}" source="{{ it }}" / %}',
    '{% cotton stepper :steps="steps" / %}',
    '{% cotton breadcrumbs :crumbs="pairs" / %}',
]


@pytest.mark.parametrize("source", COMPONENTS)
def test_what_people_type_never_becomes_markup(source):
    html = drawn(
        source,
        it=NASTY,
        many=[NASTY],
        pairs=[(NASTY, NASTY)],
        wrong={"f": [NASTY]},
        columns=[{"id": "a", "label": NASTY}],
        lines=[{"a": NASTY}],
        steps=[{"label": NASTY, "state": "done", "href": NASTY}],
    )

    assert "<script" not in html
    assert '"><' not in html.replace('">', "|", 0) or "'><script" not in html
    assert "&lt;script&gt;" in html


def test_a_wrong_field_says_so_to_whoever_cannot_see_it():
    html = drawn(
        '{% cotton field name="mobile" label="Mobile" hint="Eleven digits" :errors="e" required="1" / %}',
        e=["Too short"],
    )

    assert 'aria-invalid="true"' in html and 'aria-required="true"' in html
    assert 'aria-describedby="mobile-hint mobile-error"' in html
    assert 'id="mobile-hint"' in html and 'id="mobile-error"' in html
    assert '<label class="ds-label" for="id_mobile">' in html and 'id="id_mobile"' in html


def test_a_light_is_never_only_a_colour():
    with translation.override("en"):
        assert "Past the legal limit" in drawn('{% cotton light light="black" / %}')
        assert "2 days over" in drawn('{% cotton light light="black" text="2 days over" / %}')
        assert not drawn('{% cotton light light="grey" / %}').strip()  # no clock runs: nobody reads the word of our own
        assert "stands still" in drawn('{% cotton light light="grey" text="stands still" / %}')


def test_the_five_faces_are_one_group_of_choices_with_words():
    with translation.override("en"):
        html = drawn('{% cotton rating name="grade" legend="How was it?" value="4" / %}')

    assert html.count('type="radio" name="grade"') == 5
    assert [
        words for words in ("Very good", "Good", "All right", "Bad", "Very bad") if f"<span>{words}</span>" not in html
    ] == []
    assert html.count(" checked") == 1


FORM = Form.from_demo(
    [
        {"id": "name", "en": "Name", "type": "text", "required": True, "readonly": True},
        {"id": "mobile", "en": "Mobile", "type": "phone", "required": True, "masked": True},
        {"id": "housing", "en": "Housing", "type": "choice", "options": ["own", "rent"], "required": True},
        {"id": "lease", "en": "Lease", "type": "text", "show_if": 'housing == "rent"'},
        {"id": "born", "en": "Born", "type": "date"},
        {"id": "same", "en": "Same", "type": "boolean"},
        {"id": "staff", "en": "Staff", "type": "table", "columns": ["name", "id_no"]},
        {"id": "manager", "en": "Manager", "type": "person"},
        {"id": "scope", "en": "Scope", "type": "scope_codes"},
        {"id": "truth", "en": "True", "type": "consent", "required": True},
    ]
)


def whole_form(values, errors=(), sources=()) -> str:
    with translation.override("en"):
        return drawn(
            '{% cotton fields :form="form" :values="values" :errors="errors" :sources="sources" / %}',
            form=FORM,
            values=values,
            errors=dict(errors),
            sources=dict(sources),
        )


def test_a_form_asks_only_what_the_answers_so_far_call_for():
    assert 'name="lease"' not in whole_form({})
    assert 'name="lease"' in whole_form({"housing": "rent"})
    assert 'data-field-id="housing" data-decides' in whole_form({})


def test_a_prefilled_value_shows_where_it_came_from_and_a_fixed_one_cannot_be_typed_over():
    html = whole_form(
        {"name": "王小明"},
        sources={"name": {"name": "Population register", "at": date(2026, 11, 21), "changed": False}},
    )

    field = html[html.index('id="id_name"') :]
    assert 'value="王小明" readonly' in field
    assert "Population register" in field and "21 November 2026" in field


def test_a_readonly_field_that_nothing_filled_can_be_typed_in():
    assert "readonly" not in whole_form({})


def test_a_masked_value_is_covered_on_the_page():
    html = whole_form({"mobile": "13812345678"})

    assert "13812345678" not in html and "138****5678" in html


def test_groups_and_persons_use_the_names_that_the_schema_reads_back():
    html = whole_form(
        {"staff": [{"name": "A"}, {"name": "B", "id_no": "1"}]},
        errors={"staff-1-id_no": ["Not a number"], "manager-name": ["Missing"]},
    )
    typed = {"staff-0-name": "A", "staff-1-name": "B", "staff-1-id_no": "1", "manager-name": "", "manager-id_no": ""}

    assert [name for name in typed if f'name="{name}"' not in html] == []
    assert FORM["staff"].read(typed) == [{"name": "A"}, {"name": "B", "id_no": "1"}]
    assert "Not a number" in html and "Missing" in html


def test_every_control_of_every_demonstration_form_has_a_label():
    for field in filling.controls(FORM, {"housing": "rent"}, {}, {}, {}, {}):
        assert field["label"], field["name"]
