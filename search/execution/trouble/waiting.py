"""Waits while the machine, and no pack, keeps workers from training. Knows nothing of Ray."""

from __future__ import annotations

import time
from collections.abc import Callable

from packtune.dispatch.retries import trials_in_words
from packtune.errors import ClusterError
from packtune.trial import Pack

GIVE_UP_AFTER_S = 600.0  # the messages say 10 minutes
MAX_REST_S = 30.0
SAY_AGAIN_AFTER_S = 60.0


class Trouble:
    """The deaths of workers for which the machine is to blame, since a pack was last trained to its end.

    After each, no worker is started for a while: a second, then two, four and so on, up to half a minute. A search
    that has trained no pack to its end for ten minutes is given up.

    Args:
        say: told what waits, and why.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._clock = clock
        self._since_s: float | None = None
        self._said_s = 0.0
        self._rest_s = 1.0
        self._until_s = 0.0

    @property
    def rests(self) -> bool:
        """Tell whether no worker should be started yet."""
        return self._since_s is not None and self._clock() < self._until_s

    def note(self, pack: Pack, cause: str) -> None:
        """Take note of the death of the worker of a pack.

        Raises:
            ClusterError: it has lasted too long.
        """
        now_s = self._clock()
        if self._since_s is None:
            self._since_s, self._said_s = now_s, now_s - SAY_AGAIN_AFTER_S
        if now_s - self._since_s >= GIVE_UP_AFTER_S:
            raise ClusterError(
                f"the machine let no pack be trained to its end for 10 minutes; the last one: {_what(pack, cause)}. "
                "Free some memory, or use fewer --workers, then resume; nothing that was finished is lost"
            )
        if now_s - self._said_s >= SAY_AGAIN_AFTER_S:
            self._said_s = now_s
            self._say(
                f"{_what(pack, cause)}. No pack is to blame: waiting, and trying again for 10 minutes. Ctrl-C stops; "
                "resume goes on."
            )
        if now_s >= self._until_s:  # of several workers that die together, the first one counts
            self._until_s = now_s + self._rest_s
            self._rest_s = min(2 * self._rest_s, MAX_REST_S)

    def end(self) -> None:
        """Take note that a pack has been trained to its end."""
        if self._since_s is not None:
            self._say("Packs are trained again.")
        self._since_s, self._rest_s, self._until_s = None, 1.0, 0.0


def _what(pack: Pack, cause: str) -> str:
    return f"{trials_in_words(pack)} lost the worker: {cause}"
