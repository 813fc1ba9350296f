"""Decision rules built by choosing, said in words, tried against test cases at every save; and the text behind them for experts."""

import json
from typing import Any

from django.contrib import messages
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.views_catalogue import EDITORS
from tongban.channels.office.views_draft import autosaved, frame, own_draft, revision_of, saved, together
from tongban.lib.problems import NotAllowed
from tongban.lib.rules import RuleError, compile_rule, in_words
from tongban.matters.editing import checking, conditions, drafting, elements

TESTS_AT_MOST = 100


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer(*EDITORS)
def rules(request, officer, pk):
    """Who decides, by which conditions, and the test cases that hold them."""
    version = own_draft(officer, pk)
    facts = conditions.facts_of_rules(checking.form_of(version.form))
    if request.method != "POST":
        return _page(request, officer, version, facts, conditions.tree_of(version.rules))
    act, _colon, where = request.POST.get("do", "save").partition(":")
    errors: dict[str, list] = {}
    decided_by = request.POST.get("decided_by", version.decided_by)
    decided_by = decided_by if decided_by in dict(elements.WHO_DECIDES) else version.decided_by
    tree = None
    logic: Any = version.rules
    if "expert" in request.POST:
        logic, errors = _written(request.POST.get("expert", ""))
    elif "c.join" in request.POST:
        said = conditions.read(request.POST, facts)
        tree, errors = said.tree, said.errors
        if act in ("condition", "group", "up", "down", "remove"):
            tree = conditions.changed(tree, act, where)
        logic = conditions.logic_of(tree)
    tests, wrong = _tests(request, facts, version.rule_tests)
    if act == "suggest":
        tests = [*tests, *_new_ones(conditions.suggested(logic, facts), tests)]
    elif act == "test":
        tests.append({"id": _free(tests), "name": "", "facts": {}, "expected": "grant"})
    elif act == "drop":
        tests = [one for one in tests if one["id"] != where]
    errors |= wrong
    if errors and act not in ("condition", "group", "redraw"):
        if autosaved(request):
            first = next(iter(errors.values()))[0]
            return JsonResponse(
                {"title": str(first), "code": "misread", "status": 422},
                status=422,
                content_type="application/problem+json",
            )
        return _page(request, officer, version, facts, tree, errors=errors, tests=tests, decided_by=decided_by)
    if act in ("condition", "group", "redraw"):
        return _page(request, officer, version, facts, tree, tests=tests, decided_by=decided_by)
    changes = {"decided_by": decided_by, "rules": logic, "rule_tests": tests[:TESTS_AT_MOST]}
    try:
        draft = drafting.save(version, "rules", changes, seen=revision_of(request), officer=officer)
    except drafting.Together as met:
        return together(request, met) or _page(
            request, officer, own_draft(officer, pk), facts, tree, problem=met, tests=tests, decided_by=decided_by
        )
    if autosaved(request):
        return saved(draft)
    if act == "save":
        messages.success(request, _("Saved. Every test case was run again."))
    where = "#tests" if act in ("suggest", "test", "drop") else ""
    query = "?expert=1" if "expert" in request.POST else ""
    return redirect(f"{reverse('office:guide_rules', args=[pk])}{query}{where}")


def _written(text: str) -> tuple[Any, dict]:
    """Rules as experts write them."""
    try:
        logic = json.loads(text or "{}")
        if logic != {}:
            compile_rule(logic)
    except RuleError as wrong:
        return None, {"expert": [wrong.sentence]}
    except (ValueError, RecursionError):
        return None, {"expert": [_("This is not JSON: compare brackets, commas and quotation marks.")]}
    return logic, {}


def _tests(request, facts, held: list) -> tuple[list[dict], dict]:
    """The test cases as the page says them; without any on the page, as they are."""
    if "tests.order" not in request.POST:
        return list(held), {}
    before = {str(one.get("id")): one for one in held}
    found, errors = [], {}
    names = dict.fromkeys(part for part in request.POST.get("tests.order", "").split(",") if part)
    for name in list(names)[:TESTS_AT_MOST]:
        given: dict[str, Any] = {}
        for number in range(60):
            fact = facts.get(request.POST.get(f"tests.{name}.{number}.fact", ""))
            said = request.POST.get(f"tests.{name}.{number}.value", "").strip()[:200]
            if fact is None or not said:
                continue
            value = _value(fact, said)
            if value is None:
                errors[f"tests.{name}.{number}.value"] = [_("Please enter a number in digits, such as 120 or 85.5.")]
            else:
                given[fact.name] = value
        expected = request.POST.get(f"tests.{name}.expected", "grant")
        old = before.get(name, {})
        unknown = {key: value for key, value in (old.get("facts") or {}).items() if key not in facts}
        found.append({
            **old, "id": name[:20], "name": request.POST.get(f"tests.{name}.name", "").strip()[:120], "facts": {**unknown, **given},
            "expected": expected if expected in dict(conditions.EXPECTED) else "grant",
        })  # fmt: skip
    return found, errors


def _value(fact: conditions.Fact, said: str) -> Any:
    if fact.kind == "yes":
        return said == "true"
    if fact.kind != "number":
        return said
    try:
        number = float(said)
    except ValueError:
        return None
    return int(number) if number == int(number) else number


def _free(tests: list[dict]) -> str:
    taken = {one["id"] for one in tests}
    return next(name for name in (f"t{number}" for number in range(1, 1000)) if name not in taken)


def _new_ones(suggested: list[dict], tests: list[dict]) -> list[dict]:
    known = [(one["facts"], one["expected"]) for one in tests]
    found: list[dict] = []
    for one in suggested:
        if (one["facts"], one["expected"]) not in known:
            found.append({**one, "id": _free([*tests, *found])})
    return found


def _page(request, officer, version, facts, tree, *, errors=None, problem=None, tests=None, decided_by=None):
    logic = version.rules
    saved_tests = tests if tests is not None else version.rule_tests
    trial = conditions.run(logic, saved_tests, facts)
    by_id = {one.id: one for one in trial.tried}
    labels, values = conditions.labels_of(facts)
    asked = compile_rule(logic).facts if logic and not trial.broken else []
    expert = "expert" in request.GET or "expert" in request.POST or tree is None
    context = {
        **frame(request, officer, version, "rules"),
        "decided_by": decided_by or version.decided_by,
        "deciders": elements.WHO_DECIDES,
        "tree": conditions.drawn(tree, facts) if tree is not None and not expert else None,
        "choosable": conditions.tree_of(logic) is not None,
        "expert": expert,
        "text": request.POST.get("expert") or json.dumps(logic or {}, ensure_ascii=False, indent=2),
        "facts": list(facts.values()),
        "said": in_words(logic, labels, values) if logic and not trial.broken else None,
        "trial": trial,
        "tests": [_test(one, by_id.get(str(one.get("id"))), facts, asked) for one in saved_tests],
        "expected": conditions.EXPECTED,
        "errors": errors or {},
        "labels": dict.fromkeys(errors or {}, _("Decision rules")),
        "problem": problem,
    }
    status = problem.status if isinstance(problem, NotAllowed) else 422 if errors else 200
    return render(request, "office/catalogue/rules.html", context, status=status)


def _test(test: dict, tried, facts, asked: list[str]) -> dict[str, Any]:
    given = test.get("facts") or {}
    rows = [
        {"fact": facts[name], "value": conditions.plain(given[name]) if name in given else "", "number": number}
        for number, name in enumerate(dict.fromkeys([*asked, *given]))
        if name in facts
    ]
    return {
        "id": test.get("id", ""), "name": test.get("name", ""), "shown": conditions.name_of_test(test, tried),
        "expected": test.get("expected", "grant"), "rows": rows, "tried": tried,
    }  # fmt: skip
