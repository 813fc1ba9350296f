"""Keys of codes are renewed while they still have a month and destroyed when nothing needs them; a stolen one is withdrawn with its papers."""

import structlog
from django.db import transaction
from django.utils import timezone

from tongban.codes import keys
from tongban.codes.events import PaperCodeEnded
from tongban.codes.models import IdentityCode
from tongban.codes.services.verifying import key_directory
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor

log = structlog.get_logger("codes.keys")


def keep_keys() -> None:
    now = timezone.now()
    keys.current(key_directory(), now=now)
    for key_id in keys.destroy_ended(key_directory(), now=now):
        log.info("what nobody needs of a key was destroyed", key=key_id)
    for trouble in keys.troubles(key_directory(), now=now):
        log.error("trouble with keys of codes", trouble=trouble)


def withdraw(key_id: str, *, why: str, actor: Actor = PLATFORM) -> int:
    """Everything it signed is refused from this second; phones show codes of a new key with their next minute. Answers how many papers died."""
    now = timezone.now()
    keys.withdraw(key_directory(), key_id, now=now, why=why)
    keys.current(key_directory(), now=now)
    rows = IdentityCode.objects.filter(key_id=key_id, state=IdentityCode.State.GOOD)
    with transaction.atomic():
        ended = list(rows.select_for_update().values_list("pk", "ref"))
        rows.update(state=IdentityCode.State.ENDED, ended_at=now)
        journal.record_many([(PaperCodeEnded(code=pk, why="key"), f"code:{ref}") for pk, ref in ended], actor=actor)
    return len(ended)
