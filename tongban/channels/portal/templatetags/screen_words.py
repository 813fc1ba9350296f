"""Both languages at once, for what everybody in a hall reads."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tongban.channels.portal import screen_words
from tongban.halls import queries_screens
from tongban.halls.models import Hall

register = template.Library()


@register.simple_tag
def both(name: str, **values) -> SafeString:
    """{% both "waiting" %}: the sentence of screen_words, in Chinese and in English."""
    return _spans(screen_words.both(screen_words.SAID[name], **values))


@register.filter
def in_both(said: dict | None) -> SafeString:
    """Bilingual content, in Chinese and in English; once where both are the same."""
    return _spans(said or {})


def _spans(said: dict) -> SafeString:
    zh, en = said.get("zh", ""), said.get("en", "")
    if zh == en or not en:
        return format_html("<span>{}</span>", zh)
    return format_html('<span lang="zh-Hans">{}</span> <span lang="en">{}</span>', zh, en)


@register.simple_tag
def hall_now(hall: Hall) -> queries_screens.Screen:
    """{% hall_now hall as live %}: what a page at home shows of a hall now, without names."""
    return queries_screens.of_hall(hall)
