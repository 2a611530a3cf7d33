"""One run, or one of its trials, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from packtune.data.files import readable
from packtune.models.configuration import Value
from packtune.report.fitting import wrap, write_table
from packtune.report.live.progress import format_duration
from packtune.report.looking.details import FreshTraining, RunDetails, TrialDetails
from packtune.report.looking.plot import Curve, plot
from packtune.report.looking.records import RunState, RunSummary
from packtune.report.looking.times import age_in_words
from packtune.report.rendering import shown

SEARCHED = ("sampler", "epochs", "seed", "metric", "changes", "narrowed", "network", "halving", "protocol", "precision")
"""The settings that say what was searched, in the order in which they are told."""
DEFAULTS: Mapping[str, object] = {"halving": True, "protocol": "search", "precision": "float32", "metric": "accuracy"}
"""What goes without saying."""
PURPOSES = {
    "resume": "Go on",
    "watch": "Watch it",
    "leaderboard": "Its leaderboard",
    "report": "Its report",
    "best": "The winner",
    "export": "Its trained model",
    "predict": "Labels for new examples",
    "trials": "A trial",
    "run": "The run",
    "remove": "Remove it",
}
"""How a command is announced, by what it does."""


def run_in_words(details: RunDetails, width: int | None) -> str:
    """Tell of a run: what was searched, how it stands, the winner, and the commands that go on.

    Args:
        width: characters in a line; none for no limit.
    """
    run = details.run
    lines = [
        f"Run {run.name} in {readable(str(run.folder))}",
        f"Searched: {', '.join(_searched(details))}",
        f"State: {_state(run)}; {_trials(details)}",
        *details.winner_in_words,
    ]
    commands = {**run.commands, "trials": f"{run.commands['show']} TRIAL"}
    del commands["show"]
    return "\n".join([*(wrap(line, width) for line in lines), "", *commands_in_words(commands)])


def commands_in_words(commands: Mapping[str, str]) -> list[str]:
    """Write commands to paste, each in a line of its own that is never broken."""
    return [f"{PURPOSES[purpose]}: {command}" for purpose, command in commands.items() if purpose in PURPOSES]


def _searched(details: RunDetails) -> Iterator[str]:
    yield f"space {details.run.space} on {details.run.data}"
    for name in SEARCHED:
        value = details.settings.get(name)
        if value is not None and value != DEFAULTS.get(name):
            yield f"{name} {readable(_word(value))}"


def _state(run: RunSummary) -> str:
    ago = f"{age_in_words(run.age_s)} ago"
    if run.state is RunState.RUNNING:
        return f"running, last written to {ago}"
    return f"{run.state}, last written to {ago}"


def _trials(details: RunDetails) -> str:
    run = details.run
    parts = [f"{run.finished} of {run.trials} trials"]
    counts = [f"{n} {state.lower()}" for state, n in details.states.items() if n]
    parts += [f"({', '.join(counts)})"] if counts else []
    if all_trainings := details.trainings + details.open_trainings:
        parts.append(f"and {details.trainings} of {all_trainings} trainings of finalists")
    if details.training_s >= 1:
        parts.append(f"in {format_duration(details.training_s)} of training")
    return " ".join(parts)


def trial_in_words(trial: TrialDetails, width: int | None) -> str:
    """Tell of a trial: how it ended and why, its configuration, its curve, and its trainings in the confirmation."""
    told = [
        f"Trial {trial.trial} of run {trial.run}: {_ended(trial)}",
        f"Configuration: {', '.join(_configuration(trial.configuration))}; seed {trial.seed}",
        *_facts(trial),
    ]
    lines = [wrap(line, width) for line in told]
    if trial.curve:
        curve = Curve(mark="o", points=trial.curve)
        lines += ["", f"{trial.metric.in_words} on validation", *plot([curve], x_name="epoch", width=width)]
    if trial.trainings:
        lines += ["", "Trained again in the confirmation:", _trainings(trial.trainings)]
    return "\n".join([*lines, "", *commands_in_words(trial.commands)])


def _ended(trial: TrialDetails) -> str:
    what = f"{trial.state} after {trial.epochs} of {trial.full_epochs} epochs"
    return f"{what}: {readable(trial.reason)}" if trial.reason else what


def _facts(trial: TrialDetails) -> Iterator[str]:
    if trial.validation is not None:
        test = "" if trial.test is None else f", test {trial.test:.4f}"
        yield f"{trial.metric.in_words}: validation {trial.validation:.4f}{test}"
    if trial.rank is not None:
        yield f"Its configuration is number {trial.rank} of {trial.rows} in the leaderboard"
    size = "" if trial.parameters is None else f"{trial.parameters:,} parameters"
    spent = "" if trial.seconds is None else f"{_spent(trial.seconds)} of training on {trial.device or 'no device'}"
    if size or spent:
        yield ", ".join(filter(None, [size, spent]))


def _spent(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else format_duration(seconds)


def _configuration(values: Mapping[str, Value]) -> list[str]:
    return [f"{readable(name)} {readable(shown(value))}" for name, value in values.items()]


def _trainings(trainings: tuple[FreshTraining, ...]) -> str:
    headers = ["for", "seed", "state", "epochs", "validation", "test", "seconds"]
    places = {"selection": 0, "report": 0}
    rows = []
    for each in trainings:
        places[each.stage] += 1
        scores = [shown(each.validation, "validation"), shown(each.test, "test")]
        rows.append([each.stage, str(places[each.stage]), each.state, str(each.epochs), *scores, f"{each.seconds:.2g}"])
    return write_table(headers, rows, sides=["left", "right", "left", *["right"] * 4])


def _word(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else shown(value)
