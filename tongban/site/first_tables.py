"""The tables of an empty database, made as they are today: a hundred steps of the past change nothing where there is nothing yet.

What comes out is what the steps make, and is written down as if they had been gone (tests/site/test_first_tables.py lays both beside each
other, on both databases). A database with anything in it goes step by step.
"""

import logging

from django.db import connection
from django.db.migrations import RunPython
from django.db.migrations.executor import MigrationExecutor

# steps that do to tables what models do not tell of: triggers, and wider columns; the others only move rows, and there are none
BESIDE_MODELS = [
    ("parties", "0005_sealed_addresses"),
    ("evaluations", "0002_rating_is_never_changed"),
    ("evaluations", "0004_ratings_in_their_own_words_sealed"),
    ("evaluations", "0005_what_served_its_time"),
]

log = logging.getLogger(__name__)


def is_empty() -> bool:
    return not connection.introspection.table_names(include_views=True)


def make(executor: MigrationExecutor, plan) -> bool:
    """All of it in one transaction, or nothing: then False, and whoever asked goes step by step."""
    if not is_empty() or any(backwards for _step, backwards in plan):
        return False
    try:
        make_at_once(executor, plan)
    except Exception:
        log.exception("the tables could not be made at once; they are made step by step")
        return False
    return True


def make_at_once(executor: MigrationExecutor, plan) -> None:
    state = executor.loader.project_state()
    with connection.schema_editor(atomic=True) as editor:
        for model in state.apps.get_models():
            if model._meta.can_migrate(connection):
                editor.create_model(model)
        editor.create_model(executor.recorder.Migration)
        for step, _backwards in plan:
            if (step.app_label, step.name) in BESIDE_MODELS:
                for operation in step.operations:
                    if isinstance(operation, RunPython):
                        operation.database_forwards(step.app_label, editor, state, state)
            executor.record_migration(step)  # type: ignore[call-arg]  # as Django has it; its stubs are older
    executor.check_replacements()
