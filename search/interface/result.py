"""What a search gives to a Python program."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from packtune.confirmation.estimate import Estimate
from packtune.data.description import BaselineAccuracy
from packtune.errors import SettingsError
from packtune.interface.reporting import Reported
from packtune.models.configuration import Configuration
from packtune.report.leaderboard import Leaderboard, curves_frame, leaderboard_frame, trials_frame
from packtune.report.live.progress import ProgressView
from packtune.report.live.views import Progress, make_view
from packtune.report.ranking import Row
from packtune.report.words import describe_winner
from packtune.run.ending import Ending
from packtune.run.extension import SessionOptions, check_metric, resumed
from packtune.run.folder import Run
from packtune.run.network.finding import name_network
from packtune.run.session import carried_out
from packtune.tools.options import NO_TOOLS, Tools, choose_tools
from packtune.trial import Accuracy

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    from packtune.models.model_file import TrainedModel
    from packtune.report.winner import Winner

ProgressLike = Progress | str | ProgressView | None
"""A view by its name, a view of the caller's own, or none to show nothing."""


@dataclass(frozen=True, kw_only=True)
class WinnerResult:
    """The configuration that was selected, and its trained network.

    Attributes:
        trial: its number.
        configuration: one value for every hyperparameter.
        score: what a fresh training of it reaches on test images by the metric of the search, with a 95% interval;
            none before the report of the confirmation, and without a confirmation.
        accuracy: the same in terms of accuracy.
        validation, test: accuracies, 0 to 1, and as `score` that by the metric of the search; of the mean over its
            trainings where there are several.
        interval: 95% interval of the score on validation: over the trainings of selection; without a confirmation, from
            the validation images alone.
        ties: trials of the other configurations that cannot be told from it.
    """

    trial: int
    configuration: Configuration
    score: Estimate | None
    accuracy: Estimate | None
    validation: Accuracy
    test: Accuracy | None
    interval: tuple[float, float]
    ties: tuple[int, ...]
    _run: Run = field(repr=False)
    _winner: Winner = field(repr=False)

    @cached_property
    def trained(self) -> TrainedModel:
        """The trained network with all that is needed to use it; trained again if the run kept another one."""
        from packtune.models.model_file import model_from_bytes

        return model_from_bytes(self._content, source=str(self._run.folder.best_model))

    @property
    def model(self) -> torch.nn.Module:
        """The plain network: inputs float32 [n, *input_shape], scaled -> logits float32 [n, heads * classes]."""
        return self.trained.network

    def predict(self, inputs: object, *, prepare: str = "auto") -> npt.NDArray[np.int64]:
        """Label examples: int64 [n, heads], the numbers of classes, whose names `trained.heads` has.

        Args:
            inputs: images, rows or a DataFrame; see `TrainedModel.predict`.
            prepare: of images for a model of a built-in data set: "auto" to make them like those that it was trained
                on, where they are not; a blank one gets -1. "none" to take uint8 [n, height, width] as they are, light
                on black.

        Raises:
            SettingsError: the images are no pixels; or they are not prepared and have another type or another size than
                those that the model was trained on.
            DataError: the examples do not fit data of your own.
        """
        try:
            return self.trained.predict(inputs, prepare=prepare).numpy()
        except ValueError as error:
            raise SettingsError(str(error)) from error

    def export(
        self, path: str | Path, *, retrain: bool = False, ensemble: bool = False, progress: ProgressLike = None
    ) -> Path:
        """Write the trained network to a file, and a model card beside it. The same as `packtune best --export`.

        Args:
            path: whose ending says the format: .pt or .safetensors, which `load_model` and `packtune predict` read;
                .onnx or .pt2, which have the preparation inside and need no packtune.
            retrain: export a network that is trained on the training and the validation examples, from a fresh seed.
            ensemble: export several networks, the mean of whose probabilities counts.
            progress: see `search`.

        Raises:
            RunError: the file cannot be written.
            SettingsError: the path is a folder or has an unknown ending, or the training diverged.
            ExportError: a package is missing, or the network cannot be written in this format.
            DataError: the examples are needed, and cannot be loaded.
        """
        from packtune.interface.exports.choice import Choice
        from packtune.interface.exports.exporting import export_winner

        with closing(make_view(progress)) as view:
            export_winner(self._run, self._winner, Path(path), Choice(retrain=retrain, ensemble=ensemble), view)
        return Path(path)

    @cached_property
    def _content(self) -> bytes:
        from packtune.interface.export import trained_model

        return trained_model(self._run, self._winner, say=lambda text: None)

    def __str__(self) -> str:
        return describe_winner(self._winner)


@dataclass(frozen=True, kw_only=True, repr=False)
class SearchResult(Reported):
    """A run, and how it stands.

    Shown in a notebook, it prints its leaderboard as a table.

    Attributes:
        run: the run with its folder, settings and space.
        ending: what its study says.
    """

    run: Run
    ending: Ending

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.run.folder.name

    @property
    def folder(self) -> Path:
        """The folder with the tables of the run."""
        return self.run.folder.path

    @property
    def rows(self) -> Sequence[Row]:
        """The rows of the leaderboard, the best first."""
        return self.ending.rows

    @property
    def open_trials(self) -> int:
        """Trials that are still to be trained."""
        return self.ending.open_trials

    @property
    def open_trainings(self) -> int:
        """Trainings of the confirmation that are still to be done; 0 while trials are open."""
        return self.ending.open_trainings

    @property
    def baselines(self) -> Sequence[BaselineAccuracy]:
        """What simple methods reach on data of your own; none on built-in data, and before the search has ended."""
        return self.ending.baselines

    @cached_property
    def leaderboard(self) -> Leaderboard:
        """The leaderboard; `to_csv` gives the bytes of leaderboard.csv.

        Whole numbers are Int64, with <NA> where an architecture does not have the hyperparameter.
        """
        return leaderboard_frame(self.ending.rows, metric=self.run.settings.plan.metric)

    @cached_property
    def trials(self) -> Leaderboard:
        """The table of all trials, with curves and reasons."""
        return trials_frame(self.ending.records, self.run.settings.plan.metric)

    @cached_property
    def curves(self) -> Leaderboard:
        """The curves of all trials, to be plotted: trial, epoch, score on validation, a row for each epoch."""
        return curves_frame(self.ending.records, self.run.settings.plan.metric)

    @property
    def ways(self) -> dict[int, str]:
        """How networks of your own were trained, and why, by the number of the trial; empty for built-in ones."""
        outcomes = {record.proposal.number: record.outcome for record in self.ending.records}
        return {number: each.network.training for number, each in outcomes.items() if each and each.network}

    @cached_property
    def winner(self) -> WinnerResult | None:
        """The winner; none if no trial is complete."""
        winner = self.ending.winner
        if winner is None or winner.row.validation is None:
            return None
        return WinnerResult(
            trial=winner.row.trial,
            configuration=winner.row.configuration,
            score=winner.verdict.test if winner.verdict else None,
            accuracy=winner.verdict.test_accuracy if winner.verdict else None,
            validation=winner.row.validation,
            test=winner.row.test,
            interval=winner.interval,
            ties=tuple(row.trial for row in winner.ties),
            _run=self.run,
            _winner=winner,
        )

    def resume(
        self,
        *,
        trials: str | int | None = None,
        epochs: int | None = None,
        metric: str | None = None,
        progress: ProgressLike = None,
        verbose: bool = False,
        **options: Unpack[SessionOptions],
    ) -> SearchResult:
        """Go on with the run, nothing lost or done twice; or extend it. The same as `packtune resume`.

        Args:
            trials: "+32" for 32 more configurations, or a new total.
            epochs: to train longer; the complete configurations of a finished run are then tried again.
            metric: that of the run, which cannot change; none for that.
            progress: see `search`.
            **options: what further trials are like, see `ExtensionOptions`, and where it goes on; what is left out
                stays as it was, but for `address`, `time_budget_s`, `tensorboard` and `mlflow`.

        Raises:
            PacktuneError: a reason that you can mend; see its subclasses.
        """
        check_metric(self.run, metric)
        view = make_view(progress)
        name_network(self.run, options.get("model"), options.get("hyperparameters"))
        tools = choose_tools(options)
        run = resumed(self.run, trials=trials, epochs=epochs, options=options, say=view.say)
        return carry_out(run, view, verbose=verbose, tools=tools)

    def _repr_html_(self) -> str:
        frame = self.leaderboard.astype(object).fillna("")  # to_html writes a missing integer as <NA>
        table: str = frame.to_html(index=False, max_rows=20)
        return table

    def __repr__(self) -> str:
        winner = f"\n{self.winner}" if self.winner else ""
        return f"Run {self.name} in {self.folder}: {len(self.rows)} rows, {self.open_trials} trials open{winner}"


def carry_out(run: Run, view: ProgressView, *, verbose: bool, tools: Tools = NO_TOOLS) -> SearchResult:
    """Search, and give the result."""
    with carried_out([run], view, verbose=verbose, tools=tools) as endings:
        settings = run.settings.with_plan(endings[0].plan)
        return SearchResult(run=replace(run, new=False, settings=settings), ending=endings[0])
