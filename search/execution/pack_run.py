"""The training of one pack from task to report, in any process: the whole work of a worker, without Ray."""

from __future__ import annotations

import time
from dataclasses import replace

from packtune.data.dataset import Dataset
from packtune.dispatch.halving import survivors
from packtune.dispatch.pack_task import PackReport, PackTask
from packtune.execution.checkpoint import checkpoint_from_bytes, checkpoint_to_bytes
from packtune.execution.notebook_view import notebook_view
from packtune.models.model_file import TrainedModel, model_to_bytes
from packtune.models.training.evaluation import Evaluation
from packtune.models.training.pack_training import Member, PackTraining
from packtune.protocol import Protocol
from packtune.trial import Accuracy, Outcome, TrialState


class PackRun:
    """The training of one pack under way.

    Lifecycle: `advance` until `done`, then `report`.
    """

    def __init__(self, task: PackTask, dataset: Dataset) -> None:
        self._task = task
        self._dataset = _view(dataset, task)
        self._model: bytes | None = None
        self._model_trial: int | None = None
        self._model_accuracy = -1.0
        self._begin()
        if task.checkpoint is not None and not self._go_on(task.checkpoint):
            self._begin()

    def _begin(self) -> None:
        task = self._task
        self._outcomes = [Outcome(state=TrialState.RUNNING, device=task.device) for _ in task.pack.proposals]
        self._active = list(range(len(self._outcomes)))
        self._training = PackTraining(
            [Member(configuration=p.configuration, seed=p.seed) for p in task.pack.proposals],
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
        evaluations = self._training.evaluate(self._dataset.validation)
        share_s = (time.perf_counter() - started_s) / len(self._active)
        for place, evaluation in zip(self._active, evaluations, strict=True):
            self._note(place, evaluation, share_s)
        self._leave([i for i, e in enumerate(evaluations) if e.diverged], TrialState.DIVERGED)
        if self.epoch == self._task.epochs:
            self._finish()
        elif self.epoch in self._task.halving.rungs and self._active:
            accuracies = [self._outcomes[place].curve[-1][1] for place in self._active]
            kept = survivors(accuracies, self._task.halving.told.get(self.epoch, ()))
            self._leave([i for i in range(len(self._active)) if i not in kept], TrialState.PRUNED)

    def checkpoint(self) -> bytes:
        """Write down where the training stands between two rounds."""
        state = {
            "active": self._active,
            "outcomes": [outcome.to_json() for outcome in self._outcomes],
            "training": self._training.state_dict(),
        }
        return checkpoint_to_bytes(self._task.key, state)

    def _go_on(self, checkpoint: bytes) -> bool:
        """Take over a checkpoint; false if it is none of this task, and the run must begin anew."""
        state = checkpoint_from_bytes(checkpoint, self._task.key)
        if state is None:
            return False
        try:
            self._active = state["active"]
            self._outcomes = [Outcome.from_json(values) for values in state["outcomes"]]
            self._training.keep(self._active)
            self._training.load_state_dict(state["training"])
        except (LookupError, TypeError, ValueError, RuntimeError, AttributeError):
            return False
        return True

    def report(self) -> PackReport:
        """Give the outcomes of all members."""
        return PackReport(
            outcomes=tuple(self._outcomes),
            model=self._model,
            model_trial=self._model_trial,
            model_accuracy=self._model_accuracy,
        )

    def _note(self, place: int, evaluation: Evaluation, share_s: float) -> None:
        before = self._outcomes[place]
        self._outcomes[place] = replace(
            before,
            epochs=self.epoch,
            curve=(*before.curve, (self.epoch, 0.0 if evaluation.diverged else evaluation.accuracy)),
            validation=None if evaluation.diverged else _accuracy(evaluation),
            seconds=before.seconds + share_s,
        )

    def _finish(self) -> None:
        self._keep_model()
        self._leave(list(range(len(self._active))), TrialState.COMPLETE)

    def _leave(self, leaving: list[int], state: TrialState) -> None:
        """Close the members at these places of the training; test those whose numbers are sound."""
        if not leaving:
            return
        sound = state is not TrialState.DIVERGED
        tests = self._training.evaluate(self._dataset.test) if sound else None
        for index in leaving:
            place = self._active[index]
            self._outcomes[place] = replace(
                self._outcomes[place],
                state=state,
                test=_accuracy(tests[index]) if tests else None,
                reason="" if sound else f"the loss left the finite numbers in epoch {self.epoch}",
            )
        staying = [i for i in range(len(self._active)) if i not in leaving]
        self._active = [self._active[i] for i in staying]
        if staying:
            self._training.keep(staying)

    def _keep_model(self) -> None:
        if not self._active:
            return
        index = max(range(len(self._active)), key=lambda i: (self._validation(i), -i))
        if self._validation(index) <= self._task.known_best:
            return
        proposal = self._task.pack.proposals[self._active[index]]
        self._model_trial, self._model_accuracy = proposal.number, self._validation(index)
        self._model = model_to_bytes(
            TrainedModel(
                network=self._training.unpack(index),
                configuration=proposal.configuration,
                height=self._dataset.height,
                width=self._dataset.width,
                classes=self._dataset.classes,
                head_names=self._dataset.head_names,
                trained_on=self._dataset.name,
                epochs=self.epoch,
                trial=proposal.number,
                seed=proposal.seed,
                validation_accuracy=self._validation(index),
            )
        )

    def _validation(self, index: int) -> float:
        accuracy = self._outcomes[self._active[index]].validation
        assert accuracy is not None
        return accuracy.joint


def run_pack(task: PackTask, dataset: Dataset) -> PackReport:
    """Train a pack from beginning to end."""
    run = PackRun(task, dataset)
    while not run.done:
        run.advance()
    return run.report()


def _view(dataset: Dataset, task: PackTask) -> Dataset:
    if task.protocol is Protocol.SEARCH:
        return dataset
    batch_size = task.pack.proposals[0].configuration.batch_size
    return notebook_view(dataset, order_seed=task.batch_seed, batch_size=batch_size)


def _accuracy(evaluation: Evaluation) -> Accuracy:
    return Accuracy(joint=evaluation.accuracy, heads=evaluation.head_accuracies)
