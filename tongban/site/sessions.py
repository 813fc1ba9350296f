"""What a session holds is sealed: names that were typed, codes that were sent and are waited for."""

import json
from typing import Any

from tongban.lib import encryption

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
