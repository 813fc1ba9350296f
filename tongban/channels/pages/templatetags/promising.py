from django import template

from tongban.channels.pages import promise_words

register = template.Library()


@register.filter
def promised(version) -> str:
    """{{ version|promised }}: how long it takes; empty where nobody has said."""
    return promise_words.days_in_words(version)
