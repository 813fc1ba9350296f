"""What is drawn once holds nothing of the person it was drawn for."""

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import translation

DRAWN = "{% load tongban %}{% still open=open put path=path %}{% if open %}open{% endif %} {{ path }} [{% if name %}{{ name }}{% endif %}]{% endstill %}"


def drawn(template: Template, **context) -> str:
    return template.render(Context(context))


def test_only_what_is_given_is_known_inside():
    page = Template(DRAWN)

    assert drawn(page, open=True, path="/a/", name="Wang") == "open /a/ []"
    assert drawn(page, open=True, path="/b/", name="Li") == "open /b/ []", "the gap is filled anew, nothing else is"
    assert drawn(page, open=False, path="/a/") == " /a/ []"


def test_what_is_put_in_is_escaped_and_cannot_open_another_gap():
    page = Template(DRAWN)
    drawn(page, open=True, path="/")

    assert drawn(page, open=True, path='"><script>') == "open &quot;&gt;&lt;script&gt; []"
    assert drawn(page, open=True, path="\ue000path\ue000") == "open \ue000path\ue000 []"


def test_each_language_has_its_own():
    page = Template('{% load tongban %}{% still %}{% translate "Sign out" %}{% endstill %}')
    said = []
    for language in ("en", "zh-hans", "en"):
        with translation.override(language):
            said.append((drawn(page), translation.gettext("Sign out")))

    assert all(shown == words for shown, words in said)


def test_nothing_that_could_be_somebody_is_kept():
    page = Template("{% load tongban %}{% still who=who %}{{ who }}{% endstill %}")

    with pytest.raises(TemplateSyntaxError):
        drawn(page, who={"name": "Wang"})


def test_a_place_keeps_few_drawings():
    page = Template("{% load tongban %}{% still number=number %}{{ number }}{% endstill %}")
    node = next(node for node in page.nodelist if type(node).__name__ == "Still")

    assert [drawn(page, number=number) for number in range(200)] == [str(number) for number in range(200)]
    assert len(node.drawn) <= 64


def test_the_frame_says_where_one_is(client, db):
    for path, shown in (("/search/", True), ("/privacy/", False), ("/search/?q=a", True), ("/privacy/", False)):
        page = client.get(path).content.decode()
        assert ('<a href="/search/" aria-current="page">' in page) is shown, path
        assert f'name="next" value="{path}"' in page
