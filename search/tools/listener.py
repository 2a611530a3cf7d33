"""Who is told of a search: what a listener must be able to take in. Knows no tool."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from packtune.settings import SearchPlan
from packtune.trial import Outcome, Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What listeners know of a run from the beginning.

    Attributes:
        name: of the run, as text in one line.
        run_id: the same in every session of the run.
        version: of packtune that began the run; may be empty.
        folder: of the run.
        resume: the command that goes on with the run, without options.
    """

    name: str
    run_id: str
    version: str
    plan: SearchPlan
    folder: Path
    resume: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A trial with its outcome, or a training of a finalist from a fresh seed.

    Attributes:
        stage: the confirmation that it belongs to; empty for a trial of the search itself.
    """

    stage: str = ""
    proposal: Proposal
    outcome: Outcome

    @property
    def key(self) -> str:
        """Its name among all that its run has trained, fit for a relative path: "trial-0007"."""
        number = f"{self.proposal.number:04}"
        return f"confirmation-{self.stage}/training-{number}" if self.stage else f"trial-{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """How a session of a run ended.

    Attributes:
        is_open: whether anything is left to be trained.
        scores: of the winner, by name; empty without a winner.
        text: about the winner, for people.
        files: tables and reports that the run has.
        model: the trained model of the winner; none if there is none.
    """

    is_open: bool
    scores: Mapping[str, float]
    text: str
    files: tuple[Path, ...] = ()
    model: Path | None = None


MOST_SHOWN = 300

OnFinished = Callable[[Finished], None]
"""Told of each training as it ends. It neither waits nor raises an error."""


def tell_nobody(finished: Finished) -> None:
    """Take note of nothing."""


class Listener(ABC):
    """Takes what a search has found to a tool.

    Lifecycle: `look`, later `begin`, then `add` in any order for what the tool does not have, then `conclude`. All of
    it happens in one thread. Any of it may raise any error, and is then tried again later, from `begin` on; so each may
    be repeated.

    Attributes:
        title: of the tool, for people.
        where: says where to look at it, for people.
        later: the command that sends what could not be sent.
        start_s: processor time that `begin` takes, in seconds, about: mostly that of imports.
    """

    title: str
    where: str
    later: str
    start_s: float

    @abstractmethod
    def look(self) -> None:
        """Raise an error if the tool cannot be reached, as far as that is known without any effort."""

    @abstractmethod
    def begin(self) -> Set[str]:
        """Get ready. Gives the keys of what the tool has already, from earlier sessions."""

    @abstractmethod
    def add(self, finished: Finished) -> None:
        """Take in a training."""

    def explain(self, error: Exception) -> str:
        """Say in a few words what went wrong: what the system said, if an error of its own lies below."""
        below: BaseException | None = error
        while below is not None and not (isinstance(below, OSError) and below.strerror):
            below = below.__cause__ or below.__context__
        lines = str(error).strip().splitlines()
        said = lines[0] if lines else type(error).__name__
        return said[:MOST_SHOWN] if below is None else str(below.strerror)

    @abstractmethod
    def conclude(self, conclusion: Conclusion) -> None:
        """Take in how the session ended."""
