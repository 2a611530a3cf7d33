"""A new search on any data: what was asked for is completed, data of the user's own are read, a folder is made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.data.options import DataOptions
from packtune.models.training.metrics.catalog import Metric
from packtune.run.folder import Run, RunFolder
from packtune.run.given.parsing import parse_metric
from packtune.run.own.classes import check_classes
from packtune.run.own.finding import find_data
from packtune.run.own.fitting import default_epochs, fit_space
from packtune.run.own.keeping import keep_data
from packtune.run.own.words import describe_fit
from packtune.run.planning import OwnDataOptions, SearchOptions, choose_resources, create_run, plan_search
from packtune.settings import Resources, SearchPlan
from packtune.space.changes import describe_change
from packtune.space.source import SpaceSource

if TYPE_CHECKING:
    from packtune.data.own.assembling import PreparedData
    from packtune.report.progress import ProgressView

DEFAULT_DATA = "digits"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSearch:
    """All that a new run is made of.

    Attributes:
        prepared: data of the user's own; none for a built-in data set.
    """

    plan: SearchPlan
    resources: Resources
    source: SpaceSource
    prepared: PreparedData | None = None

    def create(self, *, results: Path, name: str | None = None) -> Run:
        """Make the folder of the run with all that belongs to it; see `create_run`."""
        return create_run(self.plan, self.resources, self.source, results=results, name=name, keep=self._keep)

    def _keep(self, folder: RunFolder) -> None:
        if self.prepared is not None:
            keep_data(folder, self.prepared)


def new_search(data: object, source: SpaceSource, options: SearchOptions, view: ProgressView) -> NewSearch:
    """Complete what was asked for, and read data of the user's own.

    Args:
        data: see `find_data`.

    Raises:
        PacktuneError: see `find_data` and `plan_search`.
    """
    source = _changed(source, options, view)
    resources = choose_resources(options)
    plan_search(DEFAULT_DATA, source, options)  # what is wrong in the options shows before anything is read
    given = find_data(data, data_options(options), view)
    if given.prepared is None:
        return NewSearch(plan=plan_search(given.name, source, options), resources=resources, source=source)
    own = given.prepared.own
    check_classes(given.prepared.dataset, parse_metric(options.get("metric", Metric.ACCURACY)))
    fitted = replace(source, space=fit_space(source.space, own.description))
    for line in describe_fit(source.space, fitted.space, own.description):
        view.say(line)
    chosen: SearchOptions = {**options, "epochs": options.get("epochs") or default_epochs(own.description)}
    plan = replace(plan_search(DEFAULT_DATA, fitted, chosen), data=given.name, own=own)
    return NewSearch(plan=plan, resources=resources, source=fitted, prepared=given.prepared)


def _changed(source: SpaceSource, options: SearchOptions, view: ProgressView) -> SpaceSource:
    """Change the space as asked for, and say what was changed."""
    changed = source.changed(options.get("set") or ())
    for line in describe_change(source.space, changed.space):
        view.say(line)
    return changed


def data_options(options: OwnDataOptions) -> DataOptions:
    """Gather what is said of data of the user's own.

    Raises:
        SettingsError: a value is not allowed.
    """
    target = options.get("target") or ()
    return DataOptions(
        target=(target,) if isinstance(target, str) else tuple(target),
        group=options.get("group"),
        validation_share=options.get("validation_share"),
        test_share=options.get("test_share"),
        image_size=options.get("image_size"),
    )
