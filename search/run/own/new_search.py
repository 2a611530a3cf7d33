"""A new search on any data: what was asked for is completed, data of the user's own are read, a folder is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from packtune.data.description import OwnData
from packtune.data.options import DataOptions
from packtune.models.own.hyperparameters import hyperparameters_with
from packtune.models.own.network import OwnNetwork
from packtune.models.training.metrics.catalog import Metric
from packtune.proposals.given import NOTHING, Given
from packtune.run.folder import Run, RunFolder
from packtune.run.given.earlier import read_earlier
from packtune.run.given.gathering import Wishes
from packtune.run.given.keeping import write_given
from packtune.run.given.parsing import parse_metric
from packtune.run.given.try_words import read_tries
from packtune.run.network.facts import write_facts
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
    from packtune.report.live.progress import ProgressView

DEFAULT_DATA = "digits"
RESULTS = Path("results")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSearch:
    """All that a new run is made of.

    Attributes:
        prepared: data of the user's own; none for a built-in data set.
        given: what the user gave to begin with.
        network: of the user's own; none for built-in ones.
    """

    plan: SearchPlan
    resources: Resources
    source: SpaceSource
    prepared: PreparedData | None = None
    given: Given = NOTHING
    network: OwnNetwork | None = None

    def create(self, *, results: Path, name: str | None = None) -> Run:
        """Make the folder of the run with all that belongs to it; see `create_run`."""
        run = create_run(self.plan, self.resources, self.source, results=results, name=name, keep=self._keep)
        return replace(run, given=self.given)

    def _keep(self, folder: RunFolder) -> None:
        write_given(self.given, folder.path)
        if self.prepared is not None:
            keep_data(folder, self.prepared)
        if self.network is not None and self.plan.network is not None:
            write_facts(folder.path, self.plan.network, self.network.files)


def new_search(
    data: object,
    source: SpaceSource,
    options: SearchOptions,
    view: ProgressView,
    results: Path = RESULTS,
    *,
    network: OwnNetwork | None = None,
    when_read: Callable[[Resources], None] = lambda resources: None,
) -> NewSearch:
    """Complete what was asked for, and read data of the user's own.

    Args:
        data: see `find_data`.
        results: folder of the earlier runs that the search starts from.
        network: of the user's own, which the space has already; none for built-in ones.
        when_read: called with what the search may use, once data of the user's own have been read from a path: much
            can be done while they are prepared.

    Raises:
        PacktuneError: see `find_data`, `plan_search`, `read_tries` and `read_earlier`.
    """
    made = _new_search(data, _changed(source, options, view), options, view, results, when_read)
    return made if network is None else replace(made, network=network)


def _new_search(
    data: object,
    source: SpaceSource,
    options: SearchOptions,
    view: ProgressView,
    results: Path,
    when_read: Callable[[Resources], None],
) -> NewSearch:
    resources = choose_resources(options)
    tries = read_tries(options.get("tries") or (), hyperparameters_with(source.space.network))
    # What is wrong in the options shows before anything is read.
    plan_search(DEFAULT_DATA, source, options, tries=len(tries))
    wishes = Wishes(tries=tries, runs=read_earlier(options.get("from_runs") or (), results))
    found = find_data(data, data_options(options), view, partial(when_read, resources))
    if found.prepared is None:
        plan, given = _planned(found.name, source, options, wishes, view)
        return NewSearch(plan=plan, resources=resources, source=source, given=given)
    own = found.prepared.own
    check_classes(found.prepared.dataset, parse_metric(options.get("metric", Metric.ACCURACY)))
    fitted = replace(source, space=fit_space(source.space, own.description, source.changed_names))
    for line in describe_fit(source.space, fitted.space, own.description):
        view.say(line)
    chosen: SearchOptions = {**options, "epochs": options.get("epochs") or default_epochs(own.description)}
    plan, given = _planned(found.name, fitted, chosen, wishes, view, own)
    return NewSearch(plan=plan, resources=resources, source=fitted, prepared=found.prepared, given=given)


def _planned(
    data: str,
    source: SpaceSource,
    options: SearchOptions,
    wishes: Wishes,
    view: ProgressView,
    own: OwnData | None = None,
) -> tuple[SearchPlan, Given]:
    """Give the plan of a search, and what it is given to begin with, which counts among its trials."""
    name = data if own is None else DEFAULT_DATA
    draft = replace(plan_search(name, source, options), data=data, own=own)
    given = wishes.gather(source.space, draft, draft.description, say=view.say)
    return replace(plan_search(name, source, options, tries=len(given.tried_from(0))), data=data, own=own), given


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
