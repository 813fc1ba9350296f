"""The actions of a form for its editor: rows of what is done, the sentence that says it, what stops publishing. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import Bilingual, both
from tongban.lib.formschema import ACTION, DOES, EVENTS, SETTABLE, Field, Form, FormError
from tongban.lib.problems import worded

WHEN = {
    "press": _("when its button is pressed"),
    "change": _("when an answer changes"),
    "open": _("when the form is opened"),
}
WHAT = {
    "fill": _("look up answers again where they are known"),
    "set": _("set an answer"),
    "go": _("go to a question"),
    "save": _("save and say when"),
    "pdf": _("give a PDF of what is filled in so far"),
}
ONLY_PRESSED = ("go", "save", "pdf")
assert tuple(WHEN) == EVENTS
assert tuple(WHAT) == DOES
ROW = "does"


def may_fill(form: Iterable[Field]) -> list[Field]:
    return [one for one in form if one.prefill and one.formula is None]


def may_set(form: Iterable[Field]) -> list[Field]:
    return [one for one in form if one.type in SETTABLE and not one.readonly and one.formula is None]


def read(text: Callable[..., str], numbers: Iterable[str], form: list[Field]) -> dict[str, Any]:
    """What the page says of an action; a row whose kind was only just chosen begins with what is likely."""
    on = text("act.on") if text("act.on") in EVENTS else "press"
    found: dict[str, Any] = {"on": on}
    if on == "change":
        found["of"] = text("act.of", 60)
    does: list[dict[str, Any]] = []
    for number in numbers:
        kind, fresh = text(f"{ROW}.{number}.do"), text(f"{ROW}.{number}.was") != text(f"{ROW}.{number}.do")
        if kind == "fill":
            fields = [one.id for one in may_fill(form) if fresh or text(f"{ROW}.{number}.fill.{one.id}")]
            does.append({"do": kind, "fields": fields})
        elif kind == "set":
            name = text(f"{ROW}.{number}.field", 60)
            value = text(f"{ROW}.{number}.value", 200)
            does.append({"do": kind, "field": name, "value": value})
        elif kind == "go":
            does.append({"do": kind, "to": text(f"{ROW}.{number}.to", 60)})
        elif kind in DOES:
            does.append({"do": kind})
    return found | {"does": does}


def steps(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What an action does, as far as it can be read: a file from elsewhere may say anything."""
    does = one.get("does")
    found = []
    for step in does if isinstance(does, list | tuple) else ():
        if isinstance(step, Mapping) and step.get("do") in DOES:
            named = step.get("fields")
            given = {"fields": [str(name) for name in named] if isinstance(named, list | tuple) else []}
            found.append({**step, **given} if "fields" in step else dict(step))
    return found


def drawn(one: Mapping[str, Any], form: list[Field]) -> dict[str, Any]:
    """An action as its page shows it, with an empty row for one step more."""
    by_id = {each.id: each for each in form}
    on = one.get("on", "press")
    offered = [(name, label) for name, label in WHAT.items() if on == "press" or name not in ONLY_PRESSED]
    rows = []
    for step in steps(one):
        target = by_id.get(str(step.get("field")))
        options: list[tuple[str, Any]] = []
        if target is not None and target.type == "choice":
            options = [(code, dict(words)) for code, words in target.choices]
        elif target is not None and target.type == "boolean":
            options = [("true", both("是", "Yes")), ("false", both("否", "No"))]
        kinds = offered if step.get("do") in dict(offered) else [*offered, (step["do"], WHAT[step["do"]])]
        value = step.get("value", "")
        rows.append(
            {
                "do": step.get("do"), "kinds": kinds, "field": step.get("field", ""), "to": step.get("to", ""),
                "value": str(value).lower() if isinstance(value, bool) else value, "options": options,
                "fields": [(each.id, dict(each.label), each.id in step.get("fields", ())) for each in may_fill(form)],
            }
        )  # fmt: skip
    return {
        "on": on,
        "of": one.get("of", ""),
        "rows": [*rows, {"do": "", "kinds": offered}],
        "order": ",".join(str(number) for number in range(len(rows) + 1)),
        "questions": [(each.id, dict(each.label)) for each in form],
        "settable": [(each.id, dict(each.label)) for each in may_set(form)],
        "said": spoken(one, form),
    }


def spoken(one: Mapping[str, Any], form: Iterable[Field]) -> Bilingual:
    """The action in one sentence of each language."""
    by_id = {each.id: each for each in form}

    def name(of: Any, language: str) -> str:
        of = str(of)
        label = by_id[of].label if of in by_id else both("？", "?")
        return f"“{label.get(language) or label.get('zh') or label.get('en')}”"

    def answer(step: Mapping, language: str) -> str:
        target, value = by_id.get(str(step.get("field"))), step.get("value")
        try:
            value = Form([target]).fixed_value(target.id, value) if target is not None and not target.show_if else value
        except FormError:
            pass
        yes = {True: both("是", "Yes"), False: both("否", "No")}
        words = yes[value] if isinstance(value, bool) else target.labels.get(str(value)) if target is not None else None
        return f"“{(words or {}).get(language) or value}”"

    zh, en = [], []
    for step in steps(one):
        kind = step.get("do")
        if kind == "fill":
            zh.append("重新查询并填写" + "、".join(name(each, "zh") for each in step.get("fields") or ["?"]))
            en.append("look up again " + ", ".join(name(each, "en") for each in step.get("fields") or ["?"]))
        elif kind == "set":
            zh.append(f"把{name(step.get('field'), 'zh')}设为{answer(step, 'zh')}")
            en.append(f"set {name(step.get('field'), 'en')} to {answer(step, 'en')}")
        elif kind == "go":
            zh.append(f"转到{name(step.get('to'), 'zh')}")
            en.append(f"go to {name(step.get('to'), 'en')}")
        elif kind == "save":
            zh.append("保存并说明保存时间")
            en.append("save and say when")
        elif kind == "pdf":
            zh.append("给出已填内容的PDF（注明未提交）")
            en.append("give a PDF of what is filled in so far, marked as not sent")
    on, of = one.get("on", "press"), one.get("of")
    begins = {
        "press": both("按下按钮时：", "When the button is pressed: "),
        "change": both(f"{name(of, 'zh')}的回答改变时：", f"When the answer to {name(of, 'en')} changes: "),
        "open": both("打开表单时：", "When the form is opened: "),
    }[on if on in EVENTS else "press"]
    return both(
        begins["zh"] + ("；".join(zh) or "什么也不做") + "。", begins["en"] + ("; ".join(en) or "nothing") + "."
    )


def without(fields: Iterable[dict], name: str) -> None:
    """A question is taken away: no action speaks of it any more."""
    for one in fields:
        if one.get("type") == ACTION:
            one["of"] = "" if one.get("of") == name else one.get("of", "")
            one["does"] = [
                step | {"fields": [each for each in step["fields"] if each != name]} if "fields" in step else step
                for step in steps(one)
                if name not in (step.get("field"), step.get("to"))
            ]


def troubles(form: Form) -> list[Any]:
    """What stops publishing, in sentences."""
    found: list[Any] = []
    fillable = {one.id for one in may_fill(form)}
    for action in form.actions:
        label = action.own.label.get("zh") or action.id
        label = f"{label} {action.own.label.get('en', '')}".strip()

        def stop(sentence, *, at: str = label, **more) -> None:
            found.append(worded(sentence, action=at, **more))

        if not action.does:
            stop(_("“%(action)s” does nothing yet. Say what it does, or take it out."))
        if action.on == "change" and action.of not in form:
            stop(_("“%(action)s” waits for the change of an answer that is not asked in this form."))
        for step in action.does:
            if action.on != "press" and step["do"] in ONLY_PRESSED:
                stop(_("“%(action)s” saves, gives a PDF or leads elsewhere: only a button may do that."))
            if step["do"] == "fill" and not step.get("fields"):
                stop(_("“%(action)s” looks up answers, and it is not said which."))
            for name in step.get("fields") or () if step["do"] == "fill" else ():
                if name not in form:
                    stop(_("“%(action)s” fills “%(name)s”, which is not asked in this form."), name=name)
                elif name not in fillable:
                    sentence = _("“%(action)s” looks up “%(name)s”, which no source fills in.")
                    stop(sentence, name=_both(form[name]))
            if step["do"] == "set":
                name = str(step.get("field") or "")
                if name not in form:
                    stop(_("“%(action)s” sets an answer that is not asked in this form."))
                    continue
                try:
                    form.fixed_value(name, step.get("value"))
                except FormError as wrong:
                    sentence = _("“%(action)s” sets “%(name)s” to what it does not take: %(why)s")
                    stop(sentence, name=_both(form[name]), why=wrong.args[0])
            if step["do"] == "go" and step.get("to") not in form:
                stop(_("“%(action)s” leads to a question that is not asked in this form."))
    if way := circle(form):
        sentence = _("Changes of answers go in a circle: %(way)s. Each would change the other again.")
        found.append(worded(sentence, way=" → ".join(_both(form[name]) for name in way)))
    return found


def _both(one: Field) -> str:
    return f"{one.label.get('zh', '')} {one.label.get('en', '')}".strip()


def circle(form: Form) -> list[str]:
    """Answers that would set each other; empty where none do."""
    leads: dict[str, set[str]] = {}
    for action in form.actions:
        if action.on == "change" and action.of in form:
            leads.setdefault(action.of, set()).update(name for name in [*action.sets, *action.fills] if name in form)

    def walk(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        return next((found for other in sorted(leads.get(name, ())) if (found := walk(other, [*way, name]))), [])

    return next((found for name in leads if (found := walk(name, []))), [])
