"""Logs a run to MLflow: a parent run with the tables and the model, and below it a run a trial with its curve.

What the server has is found by tags, so that a later session adds what is missing and nothing twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from packtune.data.files import readable
from packtune.report.console import shell_word
from packtune.study.storage_url import hide_password, hide_secrets
from packtune.tools.facts import curve_of, hyperparameters_of, numbers_of, settings_of
from packtune.tools.listener import About, Conclusion, Finished, Listener
from packtune.tools.mlflow_client import connect, find_experiment, look_at
from packtune.trial import TrialState

if TYPE_CHECKING:
    from mlflow.entities import Run

RUN_ID, KEY, STATE, REASON = "packtune.run_id", "packtune.key", "packtune.state", "packtune.reason"
PARENT, NOTE = "mlflow.parentRunId", "mlflow.note.content"
PARENT_KEY = "run"
STATUS = {
    TrialState.COMPLETE: "FINISHED",
    TrialState.PRUNED: "KILLED",
    TrialState.DIVERGED: "FAILED",
    TrialState.FAIL: "FAILED",
}
PAGE = 1000
"""Runs that MLflow gives at once, and metrics that it takes at once, at most."""
MOST_TEXT = 4000


class MlflowListener(Listener):
    """Logs to MLflow.

    Args:
        uri: of the tracking server or its database.
        now_s: gives the time in seconds since 1970.
    """

    title = "MLflow"

    def __init__(self, about: About, uri: str, *, now_s: Callable[[], float] = time.time) -> None:
        self._about = about
        self._uri = uri
        self._now_s = now_s
        shown = shown_uri(uri)
        self.where = f"run {about.name} at {shown}"
        self.start_s = 1.0 if uri.startswith("http") else 2.5  # a new database gets some fifty tables
        self.later = f"{about.resume} --mlflow {shell_word(shown)}"

    def look(self) -> None:
        look_at(self._uri)

    def begin(self) -> set[str]:
        self.look()
        self._client = connect(self._uri)
        self._experiment = find_experiment(self._client)
        self._parent = self._find_parent() or self._create_parent()
        self._client.update_run(self._parent, status="RUNNING")
        return self._keep_whole(self._children())

    def add(self, finished: Finished) -> None:
        from mlflow.entities import Metric, Param

        outcome, client = finished.outcome, self._client
        ended_ms = int(1000 * self._now_s())
        started_ms = ended_ms - int(1000 * outcome.seconds)
        run = self._create_child(finished, started_ms)
        name, curve = curve_of(outcome)
        per_epoch_ms = (ended_ms - started_ms) / max(1, outcome.epochs)
        metrics = [Metric(name, score, started_ms + int(per_epoch_ms * epoch), epoch) for epoch, score in curve]
        metrics += [Metric(key, value, ended_ms, outcome.epochs) for key, value in numbers_of(outcome).items()]
        params = [Param(key, str(value)) for key, value in hyperparameters_of(finished).items()]
        client.log_batch(run, metrics=metrics[:PAGE], params=params)
        for first in range(PAGE, len(metrics), PAGE):
            client.log_batch(run, metrics=metrics[first : first + PAGE])
        client.set_terminated(run, STATUS[outcome.state], end_time=ended_ms)

    def conclude(self, conclusion: Conclusion) -> None:
        client, parent = self._client, self._parent
        for name, score in conclusion.scores.items():
            client.log_metric(parent, name, score)
        client.set_tag(parent, NOTE, conclusion.text[:MOST_TEXT])
        for file in conclusion.files:
            client.log_artifact(parent, str(file))
        if conclusion.model is not None:
            client.log_artifact(parent, str(conclusion.model), "model")
        client.set_terminated(parent, "KILLED" if conclusion.is_open else "FINISHED")

    def explain(self, error: Exception) -> str:
        said = super().explain(error)
        return hide_secrets(said, self._uri) if "://" in self._uri else said

    def _find_parent(self) -> str | None:
        found = self._search({RUN_ID: self._identity, KEY: PARENT_KEY}, most=1)
        return found[0].info.run_id if found else None

    def _create_parent(self) -> str:
        about = self._about
        tags = {RUN_ID: self._identity, KEY: PARENT_KEY, "packtune.version": about.version}
        run = self._client.create_run(self._experiment, run_name=about.name, tags={**tags, **_source()})
        for name, value in settings_of(about.plan).items():
            self._client.log_param(run.info.run_id, name, readable(str(value)))
        return str(run.info.run_id)

    def _create_child(self, finished: Finished, started_ms: int) -> str:
        outcome = finished.outcome
        tags = {PARENT: self._parent, KEY: finished.key, STATE: outcome.state.value, **_source()}
        if outcome.reason:
            tags[REASON] = readable(outcome.reason)[:MOST_TEXT]
        name = f"{self._about.name} {finished.key}"
        run = self._client.create_run(self._experiment, start_time=started_ms, run_name=name, tags=tags)
        return str(run.info.run_id)

    def _children(self) -> Sequence[Run]:
        return self._search({PARENT: self._parent})

    def _keep_whole(self, children: Sequence[Run]) -> set[str]:
        """Delete the runs that an earlier session has not finished; give the keys of the others."""
        whole = {run.data.tags.get(KEY, ""): run for run in children if run.info.status != "RUNNING"}
        for run in children:
            if run.info.status == "RUNNING":
                self._client.delete_run(run.info.run_id)
        return set(whole)

    def _search(self, tags: Mapping[str, str], most: int | None = None) -> list[Run]:
        """Find the runs with these tags."""
        wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in tags.items())
        found: list[Run] = []
        token = None
        while True:
            page = self._client.search_runs([self._experiment], wanted, max_results=most or PAGE, page_token=token)
            found += page
            token = page.token
            if most or not token:
                return found

    @property
    def _identity(self) -> str:
        return self._about.run_id or self._about.name


def _source() -> dict[str, str]:
    return {"mlflow.source.name": "packtune", "mlflow.source.type": "LOCAL"}


def shown_uri(uri: str) -> str:
    """Show a tracking URI without its password."""
    return hide_password(uri) if "://" in uri else readable(uri)
