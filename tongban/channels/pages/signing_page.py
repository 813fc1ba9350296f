"""What somebody signs beside the applicant, as it lies there: on their own account, and on the sheet printed at a window."""

from tongban.cases import rules
from tongban.cases import signing as cosigned
from tongban.cases.models import Signer
from tongban.lib.bilingual import say


def what_is_signed(row: Signer) -> dict:
    """Answers, documents and the mark of the content: what `pages/signing.html` draws."""
    case = row.case
    asked = rules.form_of(case)
    values = rules.plain_values(case.values)
    return {
        "row": row,
        "case": case,
        "answers": [_shown(one, values.get(one.id), row) for one in asked.visible(values)],
        "materials": case.materials.select_related("type"),
        "content": cosigned.content_of(case),
    }


def _shown(one, value, row: Signer) -> dict:
    """An answer for whoever signs beside the applicant: numbers, telephones and accounts of others are covered, their own stand there."""

    def cell(field, given, mine):
        return field.display(given, masked=False if mine else rules.is_covered(field) or None)

    shown = {"label": one.label, "value": "", "rows": None, "columns": [say(column.label) for column in one.columns]}
    if one.type != "table":
        return shown | {"value": cell(one, value, cosigned.names(value, row))}
    lines = [line for line in value or [] if isinstance(line, dict)]
    return shown | {
        "rows": [
            [cell(column, line.get(column.id), cosigned.names(line, row)) for column in one.columns] for line in lines
        ]
    }
