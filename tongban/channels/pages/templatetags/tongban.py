"""What templates may say: content in the reader's language, days, money, masked numbers, icons and drawings."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from math import sin
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency
from django import template
from django.template.base import token_kwargs
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, pgettext

from tongban.channels.pages.filling import controls, truth
from tongban.channels.pages.live import live_address, stood
from tongban.channels.pages.look import Look, query_string
from tongban.lib import bilingual, covered
from tongban.lib.money import in_yuan

register = template.Library()

HERE = Path(__file__).resolve().parent.parent
DAY = {"zh": "y年M月d日 EEEE", "en": "d MMMM y"}
SHORT_DAY = {"zh": "M月d日", "en": "d MMM"}
MONTH_DAY = {"zh": "M月d日 EEE", "en": "EEE d MMM"}
MOMENT = {"zh": "y年M月d日 HH:mm", "en": "d MMM y, HH:mm"}


HAN = re.compile(r"[\u3400-\u9fff]")
FOREIGN = ' lang="zh-Hans"'


def _language() -> str:
    return bilingual.short(get_language())


@lru_cache(maxsize=20)
def _locale(language: str) -> Locale:
    return Locale.parse({"zh": "zh_Hans_CN", "en": "en_GB"}.get(language, language))


def _local(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value


def _as_day(value) -> date | None:
    if isinstance(value, datetime):
        return _local(value).date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _day_in_words(day: date, pattern: str, language: str) -> str:
    return format_date(day, pattern, locale=_locale(language))


def _day(value, patterns) -> str:
    if value in (None, ""):
        return ""
    day = _as_day(value)
    if day is None:
        return str(value)
    language = _language()
    return _day_in_words(day, patterns.get(language, patterns["en"]), language)


@register.simple_tag
def colon() -> str:
    """Between a label and what it says: Chinese has a mark of its own, without a blank."""
    return gettext(": ")


@register.simple_tag
def comma() -> str:
    """Between two parts of a line. A list of equals has `{% translate ", " %}`."""
    return pgettext("between parts of a line", ", ")


@register.simple_tag
def stop() -> str:
    """At the end of a sentence that is put together from parts."""
    return pgettext("end of a sentence", ".")


@register.filter
def say(text) -> str:
    """{{ matter.name|say }}: content in the language of the page."""
    return bilingual.say(text)


@register.filter
def day(value) -> str:
    """2026年3月3日 星期二 / 3 March 2026. Takes a date, a moment or an ISO string."""
    return _day(value, DAY)


@register.filter
def shortday(value) -> str:
    """3月3日 / 3 Mar."""
    return _day(value, SHORT_DAY)


@register.filter
def weekday(value) -> str:
    """3月3日 周二 / Tue 3 Mar."""
    return _day(value, MONTH_DAY)


@register.filter
def moment(value) -> str:
    """2026年3月3日 10:02 / 3 Mar 2026, 10:02, in local time."""
    if not value:
        return ""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    if not isinstance(value, datetime):
        return day(value)
    language = _language()
    return format_datetime(_local(value), MOMENT.get(language, MOMENT["en"]), locale=_locale(language))


@register.filter
def in_chinese(value) -> bool:
    """Words of a register that stand in Chinese on a page of another language."""
    return _language() != "zh" and bool(HAN.search(str(value or "")))


@register.filter
def tongue(value) -> SafeString:
    """Says so to whoever reads it aloud: ` lang="zh-Hans"` beside such words."""
    return mark_safe(FOREIGN if in_chinese(value) else "")  # noqa: S308 - a constant


@register.filter
def hour(value) -> str:
    """10:02, in local time."""
    return format_time(_local(value), "HH:mm", locale=_locale(_language())) if isinstance(value, datetime) else ""


@register.filter
def iso(value) -> str:
    """For <time datetime>: a moment in UTC, a day as it is."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if timezone.is_aware(value) else value).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else str(value or "")


@register.filter
def money(value) -> str:
    """¥1,200 or ¥12.50; nothing to pay is said in words."""
    if value in (None, ""):
        return ""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if amount == 0:
        return gettext("Free of charge")
    pattern = "¤#,##0" if amount == amount.to_integral_value() else "¤#,##0.00"
    return format_currency(amount, "CNY", pattern, locale=_locale(_language()), currency_digits=False).replace(
        "CN¥", "¥"
    )


@register.filter
def fen(value) -> str:
    """An amount kept in fen: ¥40 or ¥12.50."""
    return money(in_yuan(int(value))) if value else "¥0"


@register.filter
def maskid(value) -> str:
    """First three and last four characters of an identity number; the rest is covered, the length stays."""
    return covered.number(value)


@register.filter
def maskphone(value) -> str:
    text = str(value or "")
    return text[:3] + "*" * (len(text) - 7) + text[-4:] if len(text) > 7 else "*" * len(text)


@register.filter
def maskname(value) -> str:
    """王*明, J*** Smith: enough for the person, too little for a stranger."""
    return covered.name(value)


@register.filter
def pick(mapping, key):
    """{{ values|pick:field.id }}: a key that is only known in the loop."""
    if isinstance(mapping, Mapping):
        return mapping.get(key, "")
    return getattr(mapping, str(key), "")


@register.filter
def within(value, container) -> bool:
    """{% if option.id|within:chosen %}: exact membership; a single value counts as a list of one."""
    if container in (None, ""):
        return False
    if isinstance(container, str | int):
        return str(value) == str(container)
    return str(value) in {str(item) for item in container}


@lru_cache(maxsize=512)
def _drawn(folder: str, name: str) -> str:
    if not name.replace("-", "").isalnum():
        raise template.TemplateSyntaxError(f"no such picture: {name}")
    path = HERE / folder / f"{name}.svg"
    if not path.is_file():
        raise template.TemplateSyntaxError(f"no such picture: {folder}/{name}")
    return path.read_text(encoding="utf-8").strip()


ICON = '<svg class="tb-icon{}" viewBox="0 0 24 24" {} focusable="false">{}</svg>'


@register.simple_tag
def icon(name: str, label: str = "", cls: str = "") -> SafeString:
    """{% icon "search" %}: a line icon as tall as the text. Decoration, unless it gets a label."""
    return _icon(str(name), str(label), str(cls))


@lru_cache(maxsize=1024)
def _icon(name: str, label: str, cls: str) -> SafeString:
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(ICON, f" {cls}" if cls else "", said, mark_safe(_drawn("icons", name)))  # noqa: S308 - our own files


@register.simple_tag
def drawing(name: str, label: str = "", cls: str = "") -> SafeString:
    """{% drawing "residence" %}: one of our line drawings, coloured by the theme."""
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="tb-drawing{}" viewBox="0 0 240 180" {} focusable="false">{}</svg>',
        f" {cls}" if cls else "",
        said,
        mark_safe(_drawn("drawings", name)),  # noqa: S308 - our own files
    )


@register.simple_tag(takes_context=True)
def camera(context) -> str:
    """This page scans: its answer allows it the camera, which no other page has. Part of `c-scanner`."""
    if (request := context.get("request")) is not None:
        request.uses_camera = True
    return ""


@register.simple_tag
def mark(cls: str = "") -> SafeString:
    """The mark: two strokes of a wave that meet."""
    return format_html(
        '<svg class="tb-mark{}" viewBox="0 0 40 40" aria-hidden="true" focusable="false">{}</svg>',
        f" {cls}" if cls else "",
        mark_safe(_drawn("drawings", "mark")),  # noqa: S308 - our own file
    )


MOST_STILL = 64  # drawings of one place: languages times what it is given
PUT_IN = "\ue000"  # of the private use area: in no words of ours


class Still(template.Node):
    """A part of a page that is the same for everybody who is given the same: drawn once, kept in the process with gaps for the rest."""

    def __init__(self, nodelist, given, put):
        self.nodelist, self.given, self.put = nodelist, given, put
        self.drawn: dict[tuple, list[str]] = {}

    def render(self, context):
        values = [one.resolve(context) for one in self.given.values()]
        if not all(isinstance(value, bool | str | int | None) for value in values):
            raise template.TemplateSyntaxError("what is drawn once is given words, numbers, yes or no")
        key = (get_language(), *values)
        drawn = self.drawn.get(key)
        if drawn is None:
            if len(self.drawn) >= MOST_STILL:
                self.drawn.clear()
            drawn = self.drawn[key] = self._draw(context, values)
        if len(drawn) == 1:
            return SafeString(drawn[0])
        parts, put = list(drawn), {name: conditional_escape(one.resolve(context)) for name, one in self.put.items()}
        parts[1::2] = [put[name] for name in drawn[1::2]]
        return SafeString("".join(parts))

    def _draw(self, context, values) -> list[str]:
        gaps = {name: f"{PUT_IN}{name}{PUT_IN}" for name in self.put}
        alone = template.Context(dict(zip(self.given, values, strict=True)) | gaps)  # nothing else can get into it
        with alone.bind_template(context.template):
            return self.nodelist.render(alone).split(PUT_IN)


@register.tag
def still(parser, token):
    """{% still elderly=look.elderly put path=look.path %}...{% endstill %}

    Inside, only what is given here is known (and the language). What is given before `put` makes another drawing each (few words, yes
    or no, never anybody's own); what stands after it may be anything and is only put in where it is written as {{ path }}.
    """
    words = token.split_contents()[1:]
    at = words.index("put") if "put" in words else len(words)
    given, put = token_kwargs(words[:at], parser), token_kwargs(words[at + 1 :], parser)
    nodelist = parser.parse(("endstill",))
    parser.delete_first_token()
    return Still(nodelist, given, put)


@register.simple_tag
def other_languages() -> list[tuple[str, str]]:
    return Look(None).languages


@register.simple_tag(takes_context=True)
def look(context) -> Look:
    """{% look as look %}: language, scheme, size, edition, path, demo, help_phone, signed_in, spaces, space, unread, officer."""
    return Look(context.get("request"))


@register.simple_tag(takes_context=True)
def current(context, path: str, exact: bool = False) -> str:
    """aria-current for a navigation link."""
    request = context.get("request")
    if request is None:
        return ""
    here = request.path == path if exact else request.path.startswith(path)
    return mark_safe(' aria-current="page"') if here else ""


@register.simple_tag(takes_context=True)
def qs(context, **changes) -> str:
    """<a href="{% qs theme='housing' page=None %}">: the present query, changed."""
    request = context.get("request")
    return query_string(request.GET if request is not None else None, **changes)


LIGHTS = {"green": "check", "yellow": "clock", "red": "alert", "black": "overdue"}


@register.simple_tag
def light_words(light: str) -> str:
    """What a clock's light means, for whoever cannot see the colour."""
    return {
        "green": gettext("In good time"),
        "yellow": gettext("Due soon"),
        "red": gettext("Past the promised date"),
        "black": gettext("Past the legal limit"),
    }.get(light, light)


@register.simple_tag
def light_mark(light: str) -> SafeString:
    """{% light_mark "red" %}: what `<c-light light="red" />` draws, for the lines of a long list."""
    return _light_mark(light, light_words(light))


@lru_cache(maxsize=64)
def _light_mark(light: str, words: str) -> SafeString:
    mark = '<span class="tb-light" data-light="{}">{}<span>{}</span></span>'
    return format_html(mark, light, icon(light_icon(light)), words)


@register.filter
def light_icon(light: str) -> str:
    return LIGHTS.get(light, "clock")


@register.simple_tag
def licence_words(state: str) -> str:
    return {
        "draft": gettext("Being made"),
        "valid": gettext("In force"),
        "suspended": gettext("Suspended"),
        "expired": gettext("Expired"),
        "superseded": gettext("Replaced by a newer one"),
        "revoked": gettext("Revoked"),
        "cancelled": gettext("Cancelled"),
    }.get(state, state)


@register.simple_tag
def need_words(state: str) -> str:
    """Where one line of the materials list stands, in words."""
    return {
        "have": gettext("Not needed: we have it"),
        "ready": gettext("You have added it"),
        "made": gettext("Made from your answers"),
        "upload": gettext("Please add it"),
        "later": gettext("May follow later"),
    }.get(state, state)


FACE = {
    5: '<path d="M16 20c1-2 4-2 5 0M27 20c1-2 4-2 5 0M14 27c2 8 18 8 20 0z"/>',
    4: '<path d="M18 19v2M30 19v2M15 28c4 6 14 6 18 0"/>',
    3: '<path d="M18 19v2M30 19v2M16 30h16"/>',
    2: '<path d="M18 20v2M30 20v2M16 33c4-5 12-5 16 0"/>',
    1: '<path d="m15 18 6 3M33 18l-6 3M15 34c4-7 14-7 18 0"/>',
}


@register.simple_tag
def faces() -> list[tuple[int, str, SafeString]]:
    """The five grades, best first: number, words, face."""
    words = {
        5: gettext("Very good"),
        4: gettext("Good"),
        3: gettext("All right"),
        2: gettext("Bad"),
        1: gettext("Very bad"),
    }
    return [(grade, words[grade], mark_safe(FACE[grade])) for grade in words]  # noqa: S308


@lru_cache(maxsize=1)
def _guilloche() -> str:
    """The fine wave pattern of documents of value: two families of waves that drift against each other."""
    lines = []
    for number in range(9):
        for turn in (1, -1):
            points = []
            for step in range(21):
                x = step * 20
                wave = 26 * sin(x / 62 + number * 0.35 * turn) + 9 * sin(x / 23 - number * 0.6)
                points.append(f"{x} {150 + number * 7 + turn * wave:.0f}")
            lines.append("M" + "L".join(points))
    return f'<path d="{"".join(lines)}"/>'


@register.simple_tag
def guilloche() -> SafeString:
    return mark_safe(_guilloche())  # noqa: S308


@register.simple_tag
def live(*topics: str) -> str:
    """{% live "case:17 inbox:4" %}: the signed address that tells when one of these topics has news."""
    return live_address(*(topic for words in topics for topic in words.split()))


@register.simple_tag(takes_context=True)
def standing(context, *topics: str) -> str:
    """Where these topics stood before the page was read (`live.stand_before`): whatever happens before it listens is then news as well."""
    return json.dumps(stood(context.get("request"), [topic for words in topics for topic in words.split()]))


@register.simple_tag
def where(*names: str) -> str:
    """{% where "account_login" "/account/login/" %}: the first address that exists, so that a base never fails for a missing route."""
    for name in names:
        if name.startswith("/"):
            return name
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return "/"


@register.simple_tag
def options_of(options) -> list[dict]:
    """Choice cards from pairs (value, words) or from dicts."""
    if isinstance(options, Mapping):
        options = options.items()
    cards = []
    for option in options or ():
        if isinstance(option, Mapping):
            cards.append({"hint": "", "icon": "", **option})
        elif isinstance(option, str):
            cards.append({"value": option, "label": option, "hint": "", "icon": ""})
        else:
            value, words = option
            cards.append({"value": value, "label": bilingual.say(words), "hint": "", "icon": ""})
    return cards


@register.simple_tag
def yes_and_no() -> list[tuple[str, str]]:
    return [("true", gettext("Yes")), ("false", gettext("No"))]


register.simple_tag(truth)


@register.simple_tag
def form_controls(
    form, values, errors, sources, marked, remarks, divisions, own="", acts=None, meant=None
) -> list[dict]:
    given = (values or {}, errors or {}, sources or {}, marked or {}, remarks or {}, divisions or ())
    return controls(form, *given, own=bool(own), acts=acts, meant=meant)


CARD = {
    "persimmon": "food-licence alcohol-licence tobacco-licence hotel-special-licence entertainment-licence e-seal",
    "indigo": "driving-licence vehicle-licence transport-licence work-permit-foreigner foreigner-residence travel-cert teacher-cert",
    "plum": "marriage-cert birth-cert hukou-page film-licence publication-licence disability-cert",
    "moss": "medical-record-book nurse-cert clinic-filing hygiene-licence drug-retail-licence device2-filing device3-licence home-quarantine-cert swimming-licence senior-card",
    "gold": "business-licence real-estate-cert lease-filing tax-paid-cert industry-licence veteran-card",
    "slate": "fire-check-cert drainage-permit venue-code-cert resumption-cert",
}
CARD_OF = {kind: look for look, kinds in CARD.items() for kind in kinds.split()}


@register.simple_tag
def licence_look(kind: str, wish: str = "") -> str:
    """The colour of a licence's card: by its kind, so that people find it by eye; a wish counts for kinds nobody gave one."""
    return wish if wish == "slate" else CARD_OF.get(kind) or wish or "teal"
