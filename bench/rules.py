"""Rules: ten steps of a hundred conditions each, judged with reasons; and compiling them.

    python bench/rules.py [rounds]

Peers of the same run: the same conditions written by hand as one Python function that answers only yes or no (the limit), and a walk through
the JsonLogic tree at every question, as its common libraries do it, without reasons. Published by a peer, not measured here: Open Forms
reports being too slow at this size.
"""

import sys

from measuring import a_district, cpu_ms, interleaved, table

STEPS, RULES = 10, 100


def main(rounds: int) -> None:
    with a_district():
        from tongban.lib.rules import compile_rule

        steps = [_step(number) for number in range(STEPS)]
        facts = {f"fact_{number}": number * 10 for number in range(RULES)} | {
            f"word_{number}": "rent" for number in range(RULES)
        }
        compiled = [compile_rule(step) for step in steps]
        by_hand = _by_hand()
        assert all(one(facts).result is True for one in compiled)
        assert by_hand(facts) is True
        assert all(_walk(step, facts) for step in steps)
        seconds = 0.5
        found = interleaved(
            rounds,
            holds=lambda: cpu_ms(lambda: [one.holds(facts) for one in compiled], seconds),
            judged=lambda: cpu_ms(lambda: [one(facts) for one in compiled], seconds),
            walked=lambda: cpu_ms(lambda: [_walk(step, facts) for step in steps], seconds),
            by_hand=lambda: cpu_ms(lambda: by_hand(facts), seconds),
            compiled=lambda: cpu_ms(lambda: [compile_rule(step) for step in steps], seconds),
        )
        table(
            f"{STEPS} steps of {RULES} conditions",
            ["", "ms", "microseconds a condition", "times by hand"],
            [
                [name, found[act], found[act] * 1000 / STEPS / RULES, found[act] / found["by_hand"]]
                for name, act in (
                    ("holds: yes or no (forms, screening)", "holds"),
                    ("judged: each condition with its reason, in two languages (decisions)", "judged"),
                    ("walked, yes or no only", "walked"),
                    ("by hand, yes or no only", "by_hand"),
                    ("compile_rule", "compiled"),
                )
            ],
            "Wanted: under 2 ms a check.",
        )


def _step(step: int) -> dict:
    return {
        "and": [
            {
                "or": [
                    {">=": [{"var": f"fact_{number}"}, number * 10 - step]},
                    {"==": [{"var": f"word_{number}"}, "own"]},
                ]
            }
            if number % 2
            else {"==": [{"var": f"word_{number}"}, "rent"]}
            for number in range(RULES)
        ]
    }


def _by_hand():
    lines = ["def judge(f):"]
    for step in range(STEPS):
        for number in range(RULES):
            if number % 2:
                lines.append(
                    f"    if not (f.get('fact_{number}') >= {number * 10 - step} or f.get('word_{number}') == 'own'): return False"
                )
            else:
                lines.append(f"    if f.get('word_{number}') != 'rent': return False")
    space: dict = {}
    exec("\n".join([*lines, "    return True"]), space)
    return space["judge"]


def _walk(logic, facts):
    """Plain JsonLogic, read anew at every question."""
    if not isinstance(logic, dict):
        return logic
    operator, values = next(iter(logic.items()))
    if operator == "var":
        return facts.get(values)
    if operator == "and":
        return all(_walk(one, facts) for one in values)
    if operator == "or":
        return any(_walk(one, facts) for one in values)
    left, right = (_walk(one, facts) for one in values)
    return left >= right if operator == ">=" else left == right


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
