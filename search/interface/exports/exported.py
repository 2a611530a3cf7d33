"""What is known of an exported model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from packtune.interface.exports.choice import Choice
from packtune.interface.exports.measuring import Reached
from packtune.models.exports.agreement import Agreement
from packtune.models.exports.catalog import DEFAULT, FORMATS
from packtune.models.trained_model import TrainedModel
from packtune.report.winner import Winner
from packtune.run.folder import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An exported model.

    Attributes:
        path: of the file.
        choice: which network it is.
        reached: on the test examples; none where it was not measured of this network alone.
        agreement: of the file with the network; none of a format that translates nothing.
    """

    run: Run
    winner: Winner
    path: Path
    choice: Choice
    model: TrainedModel
    reached: Reached | None
    agreement: Agreement | None

    @property
    def ending(self) -> str:
        """The ending that says the format."""
        ending = self.path.suffix.lower()
        return ending if ending in FORMATS else DEFAULT

    @property
    def card(self) -> Path | None:
        """Where the model card lies: beside the file; none for a pipe or a device."""
        is_file = self.path.is_file() or not self.path.exists()
        return self.path.with_name(f"{self.path.name}.md") if is_file else None

    @property
    def what(self) -> str:
        """What was exported, in words."""
        model, from_fresh = self.model, " from fresh seeds" * bool(self.model.members)
        both = "on training and validation examples" if self.choice.retrain else ""
        if model.members:
            said = f"an ensemble of {len(model.members)} networks, the mean of whose probabilities counts"
            return f"{said}; each was trained {both or 'as in the report'}{from_fresh}"
        if both:
            return f"one network, trained again {both} from a fresh seed"
        if self.winner.verdict is None or self.winner.verdict.best_repeat is None:
            return f"the network of trial {model.trial}"
        return "the best network of the report, by its score on validation"

    @property
    def score_in_words(self) -> str:
        """What it reaches, in a sentence."""
        if self.reached is None:
            return "Its own test score is not known: the run recorded the mean of several trainings."
        which = f"this ensemble of {len(self.model.members)} networks" if self.model.members else "this single network"
        examples = f"{self.reached.score.images:,} test {self.winner.row.data.examples}"
        return f"T{self.reached.in_words[1:]}, of {which} on {examples}, measured once."
