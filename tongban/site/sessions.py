"""What a session holds is sealed: names that were typed, codes that were sent and are waited for."""

import json
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as InDatabase
from django.db.models import CharField, DateTimeField
from django.utils import timezone

from tongban.lib import encryption
from tongban.lib.composed import composed

CONTEXT = "site.session"


class Sealed:
    """Session data as sealed JSON. What cannot be opened any more (its key was put aside) is an empty session: its person signs in again."""

    def dumps(self, obj: Any) -> bytes:
        return encryption.encrypt(json.dumps(obj, separators=(",", ":")), CONTEXT)

    def loads(self, data: bytes) -> Any:
        if data.startswith(b"{"):  # written before sessions were sealed; none is older than twelve hours
            return json.loads(data)
        try:
            return json.loads(encryption.decrypt(data, CONTEXT))
        except encryption.Unreadable:
            return {}


class SessionStore(InDatabase):
    """Django's own in the database; asked for by every page, so the question is composed once."""

    def _get_session_from_db(self):
        for row in _session(key=self.session_key, now=timezone.now()):
            return row
        self._session_key = None
        return None


@composed(key=CharField(), now=DateTimeField())
def _session(key, now):
    return SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=now)
