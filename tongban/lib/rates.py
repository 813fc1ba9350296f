"""How often somebody may do something: so many at once, and so many a second after that. Kept in memory, for as many as one keeps."""

from collections import OrderedDict
from collections.abc import Hashable


class Rates:
    """One bucket for each key. Whoever asks too often is told how many seconds to wait, and holds up nobody else."""

    def __init__(self, *, a_second: float, at_once: int, most: int = 100_000):
        self.a_second, self.at_once, self.most = a_second, at_once, most
        self._held: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()  # what is left, and when that was

    def take(self, key: Hashable, now: float) -> float:
        """0.0 when it may be done now (and is counted); else the seconds until it may."""
        left, at = self._held.pop(key, (float(self.at_once), now))
        left = min(float(self.at_once), left + max(0.0, now - at) * self.a_second)
        wait = 0.0 if left >= 1 else (1 - left) / self.a_second
        self._held[key] = (left - 1 if not wait else left, max(at, now))
        while len(self._held) > self.most:
            self._held.popitem(last=False)  # who has asked for nothing the longest has a full bucket anyway, or nearly
        return wait

    def clear(self) -> None:
        self._held.clear()
