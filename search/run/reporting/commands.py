"""Commands to paste that go on with a run, and the one that searches the same again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packtune.models.training.metrics.catalog import Metric
from packtune.report.console import program, shell_word
from packtune.report.facts.place import CommandFacts
from packtune.run.ending import Ending
from packtune.run.folder import Run
from packtune.run.settings_file import AUTO, OBJECTS
from packtune.settings import Preference, Resources, SearchPlan
from packtune.space.catalog import is_file


def commands_of(run: Run, ending: Ending) -> Iterator[CommandFacts]:
    """Give the commands that a reader of a report may want next, the most wanted first."""
    if ending.is_open:
        yield CommandFacts(purpose="Go on with the search", line=run.command("resume"))
    if ending.winner is not None:
        yield CommandFacts(purpose="Export the winner's model", line=f"{run.command('best')} --export model.pt")
        labelling = "Label new examples; NEW is a file or a folder of them"
        yield CommandFacts(purpose=labelling, line=f"{run.command('predict')} NEW")
    if not ending.is_open:
        yield CommandFacts(purpose="Try more configurations", line=f"{run.command('resume')} --trials +32")
    if (again := search_command(run)) is not None:
        yield CommandFacts(purpose="Search the same again", line=again)
    yield CommandFacts(purpose="Write this report anew", line=run.command("report"))


def search_command(run: Run) -> str | None:
    """Write the command that searches the same again.

    None where no single command does: for data or a network of a Python program, and for a run that was narrowed on
    its way, or that was given trials or another run to begin with.
    """
    plan, resources, given = run.settings.plan, run.settings.resources, run.given
    if is_of_program(plan) or plan.narrowed or given.tries or given.earlier:
        return None
    options = {**_of_data(plan, resources), **_of_space(run), **_of_search(plan), **_of_training(plan, resources)}
    words = [f"{name} {shell_word(str(value))}" for name, value in options.items() if value is not None]
    return " ".join([f"{program()} run", *words, *_flags(plan)])


def is_of_program(plan: SearchPlan) -> bool:
    """Tell whether the data or the network are those of a Python program, which no command can name."""
    own_data = plan.own is not None and plan.data == OBJECTS
    return own_data or (plan.network is not None and not plan.network.is_of_file)


def own_data_options(plan: SearchPlan) -> Mapping[str, object]:
    """Give the options that say how data of the user's own are read; none of a built-in data set."""
    if plan.own is None:
        return {}
    options = plan.own.options
    size = options.image_size
    return {
        "--target": ",".join(options.target) or None,
        "--group": options.group,
        "--validation-share": options.validation_share,
        "--test-share": options.test_share,
        "--image-size": size and f"{size[0]}x{size[1]}",
    }


def _of_data(plan: SearchPlan, resources: Resources) -> Mapping[str, object]:
    return {"--data": plan.data, "--data-dir": resources.data_dir, **own_data_options(plan)}


def _of_space(run: Run) -> Mapping[str, object]:
    plan = run.settings.plan
    return {
        "--model": None if plan.network is None else plan.network.file,
        "--space": run.folder.space if is_file(plan.space) else plan.space,
    }


def _of_search(plan: SearchPlan) -> Mapping[str, object]:
    return {
        "--sampler": plan.sampler,
        "--trials": plan.asked_trials or plan.trials,
        "--metric": None if plan.metric is Metric.ACCURACY else plan.metric.value,
        "--stop-at": plan.stop_at,
        "--patience": plan.patience,
        "--seed": plan.seed,
        "--finalists": plan.finalists,
        "--replicates": plan.report_trainings or (plan.replicates if plan.replicates > 1 else None),
        "--prefer": None if plan.prefer is Preference.BEST else plan.prefer.value,
    }


def _of_training(plan: SearchPlan, resources: Resources) -> Mapping[str, object]:
    return {
        "--epochs": plan.epochs,
        "--protocol": plan.protocol.value,
        "--pack-size": plan.pack_size,
        "--lookahead": plan.lookahead,
        "--precision": AUTO if plan.precision is None else plan.precision.value,
        "--cpus-per-worker": f"{resources.cpus_per_worker:g}" if resources.threads > 1 else None,
    }


def _flags(plan: SearchPlan) -> list[str]:
    changes = [f"--set {shell_word(change)}" for change in plan.changes]
    halving, confirm = "--halving" if plan.halving else "--no-halving", "--confirm" if plan.confirm else "--no-confirm"
    return [*changes, halving, confirm]
