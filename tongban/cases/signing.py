"""What is signed, in one short word: it changes with every answer, situation and document."""

import hashlib
import json

from tongban.cases import queries, rules
from tongban.cases.models import Case


def content_of(case: Case) -> str:
    """What is signed, in one short word: it changes with every answer, situation and document."""
    said = {
        "values": rules.plain_values(case.values),
        "situation": case.situation,
        "materials": queries.as_it_stood(case)["materials"],
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
