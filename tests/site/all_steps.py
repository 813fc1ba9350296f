"""`tongban manage migrate` on an empty database, step by step: python -m tests.site.all_steps

The steps, their operations and the SQL they say are Django's own. Between them Django makes the classes of every model anew that can be reached
from a changed one, seven hundred times; here only the class that changed is made anew where nothing else of it can have changed: a table that is
new, an index or a constraint more or less. That is a sixth of the work and the same SQL (laid side by side, statement for statement, 2026-11-22).
"""

import gc
import sys

import django
from django.db.migrations.state import ProjectState


def make_anew_only_what_changed() -> None:
    usual = ProjectState.reload_model
    of_one_table = (
        "add_index",
        "remove_index",
        "rename_index",
        "add_constraint",
        "remove_constraint",
        "alter_constraint",
    )
    within = []  # the change of one table alone that is being made

    def alone(change):
        def changed(self, *words):
            within.append(change)
            try:
                return change(self, *words)
            finally:
                within.pop()

        return changed

    def reload_model(self, app_label, model_name, delay=False):
        if "apps" not in self.__dict__:
            return
        is_new = model_name not in self.apps.all_models[app_label]
        if is_new or within:
            self._reload({(app_label, model_name)})
        else:
            usual(self, app_label, model_name, delay)

    for name in of_one_table:
        if hasattr(ProjectState, name):
            setattr(ProjectState, name, alone(getattr(ProjectState, name)))
    ProjectState.reload_model = reload_model


def main() -> None:
    django.setup()
    from django.core.management import call_command

    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    make_anew_only_what_changed()
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
