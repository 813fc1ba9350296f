"""One table of the data map, as the product reads it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """One table of the data map. `party` and `account` are the paths by which a row belongs to one; neither: it is about nobody."""

    chapter: str
    party: tuple[str, ...]
    account: tuple[str, ...]
    purpose: Any
    basis: Any
    retention: Any
    hidden: str = ""
    erase_from: str = ""
    erase_days: int = 0
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def about_people(self) -> bool:
        return bool(self.party or self.account)
