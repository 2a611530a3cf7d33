"""The training of one pack from task to report, in any process. Knows nothing of Ray."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from packtune.data.dataset import Dataset, Split
from packtune.dispatch.halving import places_of, survivors
from packtune.dispatch.pack_task import PackReport, PackTask
from packtune.models.architectures.build import count_multiplications, count_parameters
from packtune.models.model_file import TrainedModel, model_to_bytes
from packtune.models.training.metrics.catalog import Metric
from packtune.models.training.own_choice import take_over
from packtune.models.training.pack_training import Member, PackTraining
from packtune.protocol import Protocol
from packtune.trial import Answers, BuiltNetwork, Outcome, TrialState
from packtune.worker.checkpoint import State, checkpoint_from_bytes, checkpoint_to_bytes
from packtune.worker.member_progress import MemberProgress
from packtune.worker.notebook_view import notebook_view
from packtune.worker.scoring import measure


class PackRun:
    """The training of one pack under way.

    Lifecycle: `advance` until `done`, then `report`.

    A member is counted by its place in the pack. Its row is its place among the members that still train: a row is
    given up when its member ends.
    """

    def __init__(self, task: PackTask, dataset: Dataset) -> None:
        self._task = task
        self._dataset = _view(dataset, task)
        self._model: bytes | None = None
        self._model_trial: int | None = None
        self._model_merit = -1.0
        self._begin()
        if task.checkpoint is not None and not self._go_on(task.checkpoint):
            self._begin()

    def _begin(self) -> None:
        task = self._task
        members = len(task.pack.proposals)
        self._progress = [MemberProgress(metric=task.metric) for _ in range(members)]
        self._outcomes: dict[int, Outcome] = {}
        self._active = list(range(members))  # the member of each row
        take_over(task.choice)
        self._training = PackTraining(
            [Member(configuration=p.configuration, seed=p.seed, epochs=task.epochs) for p in task.pack.proposals],
            self._dataset,
            batch_seed=task.batch_seed,
            device=task.device,
            shuffle=task.protocol is Protocol.SEARCH,
            precision=task.precision.where_it_pays(task.pack.proposals[0].configuration),
            pack_configurations=task.whole,
        )

    @property
    def done(self) -> bool:
        """Tell whether no member trains on."""
        return not self._active

    @property
    def epoch(self) -> int:
        """Epochs trained so far."""
        return self._training.epoch

    @property
    def active(self) -> int:
        """Members that train on."""
        return len(self._active)

    def advance(self) -> None:
        """Train one epoch, evaluate validation, and take out the members that diverged, lost a rung or finished."""
        started_s = time.perf_counter()
        self._training.train_epoch()
        evaluations = self._training.evaluate(self._dataset.validation, self._task.metric)
        share_s = (time.perf_counter() - started_s) / len(self._active)
        for member, evaluation in zip(self._active, evaluations, strict=True):
            self._progress[member] = self._progress[member].after(self.epoch, evaluation, share_s)
        diverged = [row for row, e in enumerate(evaluations) if e.diverged]
        self._end(
            dict.fromkeys(diverged, f"the loss left the finite numbers in epoch {self.epoch}"), TrialState.DIVERGED
        )
        if self.epoch == self._task.epochs:
            self._keep_model()
            self._end(dict.fromkeys(range(len(self._active)), ""), TrialState.COMPLETE)
        elif self.epoch in self._task.halving.rungs and self._active:
            self._halve()

    def _halve(self) -> None:
        """Take out the members that lose a rung."""
        merits = [self._progress[member].merit for member in self._active]
        told = self._task.halving.told.get(self.epoch, ())
        kept, places = survivors(merits, told), places_of(merits, told)
        after = f"of {len(merits) + len(told)} after {self.epoch} epoch{'s' * (self.epoch > 1)}"
        self._end(
            {row: f"{ordinal(place)} {after}" for row, place in enumerate(places) if row not in kept},
            TrialState.PRUNED,
        )

    def checkpoint(self) -> bytes:
        """Write down where the training stands between two rounds."""
        state: State = {
            "active": self._active,
            "progress": [self._progress[member].to_plain() for member in self._active],
            "outcomes": {member: outcome.to_json() for member, outcome in self._outcomes.items()},
            "training": self._training.state_dict(),
        }
        return checkpoint_to_bytes(self._task.key, state)

    def _go_on(self, checkpoint: bytes) -> bool:
        """Take over a checkpoint; false if it does not fit this task, and the pack must be trained anew."""
        state = checkpoint_from_bytes(checkpoint, self._task.key)
        if state is None:
            return False
        try:
            self._restore(state)
        except (LookupError, TypeError, ValueError, RuntimeError, AttributeError):
            return False
        return True

    def _restore(self, state: State) -> None:
        active: list[int] = state["active"]
        outcomes = {member: Outcome.from_json(values) for member, values in state["outcomes"].items()}
        if sorted([*active, *outcomes]) != list(range(len(self._progress))):
            raise ValueError("the checkpoint has other members")
        for member, values in zip(active, state["progress"], strict=True):
            self._progress[member] = MemberProgress.from_plain(values, self._task.metric)
        self._training.keep(active)
        self._training.load_state_dict(state["training"])
        self._active, self._outcomes = active, outcomes

    def report(self) -> PackReport:
        """Give the outcomes of all members."""
        return PackReport(
            outcomes=tuple(self._outcomes[member] for member in range(len(self._progress))),
            model=self._model,
            model_trial=self._model_trial,
            model_merit=self._model_merit,
        )

    def _end(self, reasons: Mapping[int, str], state: TrialState) -> None:
        """End the trials of the members in some rows; test those that have not diverged.

        Args:
            reasons: why each of them ends, by its row.
        """
        if not reasons:
            return
        measured = [] if state is TrialState.DIVERGED else measure(self._training, self._dataset, self._task, state)
        for row, reason in reasons.items():
            member = self._active[row]
            validation, test = measured[row] if measured else (None, None)
            progress = self._progress[member] if validation is None else self._progress[member].measured(validation)
            ended = progress.ended(state, device=self._task.device, test=test, reason=reason)
            self._outcomes[member] = replace(ended, network=_built(self._training, self._task, member, self._dataset))
        if measured and self._task.wants_answers:
            self._add_answers(list(reasons))
        staying = [row for row in range(len(self._active)) if row not in reasons]
        self._active = [self._active[row] for row in staying]
        if staying:
            self._training.keep(staying)

    def _add_answers(self, rows: list[int]) -> None:
        """Add the answers image by image to the outcomes of the members in these rows."""
        data = self._dataset
        validated, tested = (answers_of(self._training, split) for split in (data.validation, data.test))
        for row in rows:
            member = self._active[row]
            self._outcomes[member] = replace(
                self._outcomes[member], right_validation=validated[row], right_test=tested[row]
            )

    def _keep_model(self) -> None:
        """Keep the network of the best member, if the search knows no better one."""
        if not self._active:
            return
        row = max(range(len(self._active)), key=lambda row: (self._progress[self._active[row]].merit, -row))
        progress = self._progress[self._active[row]]
        if progress.merit <= self._task.known_best or progress.validation is None:
            return
        proposal = self._task.pack.proposals[self._active[row]]
        self._model_trial, self._model_merit = proposal.number, progress.merit
        self._model = model_to_bytes(
            TrainedModel(
                network=self._training.unpack(row),
                configuration=proposal.configuration,
                input_shape=self._dataset.input_shape,
                heads=self._dataset.heads,
                scaling=self._dataset.scaling,
                preparation=self._dataset.preparation,
                trained_on=self._dataset.name,
                epochs=self.epoch,
                trial=proposal.number,
                seed=proposal.seed,
                validation_accuracy=progress.validation.joint,
                metric=self._task.metric,
                validation_score=None if self._task.metric is Metric.ACCURACY else progress.curve[-1][1],
            )
        )


def _built(training: PackTraining, task: PackTask, member: int, data: Dataset) -> BuiltNetwork | None:
    """Say what only the user's code knows of a network of theirs; none of a built-in one."""
    if training.choice is None:
        return None
    configuration = task.pack.proposals[member].configuration
    return BuiltNetwork(
        parameters=count_parameters(configuration, input_shape=data.input_shape, outputs=data.outputs),
        multiplications=count_multiplications(configuration, input_shape=data.input_shape, outputs=data.outputs),
        training=str(training.choice),
    )


def run_pack(task: PackTask, dataset: Dataset) -> PackReport:
    """Train a pack from beginning to end."""
    run = PackRun(task, dataset)
    while not run.done:
        run.advance()
    return run.report()


def answers_of(training: PackTraining, split: Split) -> list[Answers]:
    """Give the answers of each member of a training to a split."""
    right = training.answers(split).numpy()
    return [Answers(bits=np.packbits(row).tobytes(), images=len(row)) for row in right]


def ordinal(place: int) -> str:
    """Write a place for people: 1st, 2nd, 3rd, 4th, 11th."""
    ending = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def _view(dataset: Dataset, task: PackTask) -> Dataset:
    if task.resampling_seed is not None:
        dataset = dataset.resampled(task.resampling_seed)
    if task.protocol is Protocol.SEARCH:
        return dataset
    batch_size = task.pack.proposals[0].configuration.batch_size
    return notebook_view(dataset, order_seed=task.batch_seed, batch_size=batch_size)
