"""Facts of reports made up of random numbers: of a small search, and of one with very many trials."""

from __future__ import annotations

import base64
import math
import random
import struct
import zlib

import pytest

from packtune.report.facts.about import (
    BaselineFacts,
    DataFacts,
    DimensionFacts,
    HeadFacts,
    MetricFacts,
    RunFacts,
    SettingFacts,
    SpaceFacts,
)
from packtune.report.facts.answers import (
    AnswersFacts,
    ClassFacts,
    ColumnFacts,
    ConfusionFacts,
    HeadAnswers,
    WorstExample,
)
from packtune.report.facts.hyperparameters import HyperparameterFacts, ImportanceFacts
from packtune.report.facts.leaders import Interval, LeaderFacts, TradePoint, WinnerFacts
from packtune.report.facts.place import CommandFacts, PlaceFacts, TimedStage, TimedStep, TimeFacts
from packtune.report.facts.report import NoteFacts, ReportFacts
from packtune.report.facts.trainings import (
    BestStep,
    FinalistCurves,
    ProgressFacts,
    SpreadPoint,
    StageFacts,
    TrialFacts,
)

EPOCHS = 10
CLASSES = (
    *("<script>alert(1)</script>", "quo\"te's", "a & b", "=1+2", "`code` | *bold* [link](x)", "שלום", "</style>"),
    *("kombinierte Wörter, die sehr lang sind und nicht enden wollen", "8", "{{ 7 * 7 }}"),
)
AXES = (
    HyperparameterFacts(
        name="architecture", choices=("mlp", "cnn"), low=None, high=None, is_log=False, is_whole=False,
        is_conditional=False,
    ),
    HyperparameterFacts(
        name="learning_rate", choices=(), low=1e-3, high=1.0, is_log=True, is_whole=False, is_conditional=False
    ),
    HyperparameterFacts(
        name="hidden_units", choices=(), low=8, high=512, is_log=True, is_whole=True, is_conditional=False
    ),
    HyperparameterFacts(
        name="<b>own</b>_value", choices=(), low=0.0, high=0.5, is_log=False, is_whole=False, is_conditional=False
    ),
    HyperparameterFacts(
        name="filters", choices=(8, 16, 32), low=None, high=None, is_log=False, is_whole=False, is_conditional=True
    ),
    HyperparameterFacts(
        name="nesterov", choices=(False, True), low=None, high=None, is_log=False, is_whole=False, is_conditional=True
    ),
)  # fmt: skip


def a_value(axis, draw):
    if axis.choices:
        return draw.choice(axis.choices)
    if axis.is_log:
        value = math.exp(draw.uniform(math.log(axis.low), math.log(axis.high)))
    else:
        value = draw.uniform(axis.low, axis.high)
    return round(value) if axis.is_whole else value


def a_trial(number, draw):
    values = [a_value(axis, draw) for axis in AXES]
    if values[0] == "mlp":
        values[4] = None
    else:
        values[5] = None
    state = draw.choices(("COMPLETE", "PRUNED", "DIVERGED", "FAIL"), (30, 60, 8, 2))[0]
    epochs = EPOCHS if state == "COMPLETE" else draw.choice((1, 3))
    best = 0.97 - 0.1 * abs(math.log10(values[1]) + 1) - 0.05 * draw.random()
    curve = tuple((epoch, best * (1 - 0.5**epoch)) for epoch in range(1, epochs + 1))
    if state == "DIVERGED":
        curve = (*curve[:-1], (epochs, 0.0))
    score = curve[-1][1] if state in ("COMPLETE", "PRUNED") else None
    return TrialFacts(
        number=number, state=state, epochs=epochs if state != "FAIL" else 0, score=score, merit=score or 0.0,
        values=tuple(values), curve=curve if state != "FAIL" else (),
        reason="" if state == "COMPLETE" else f"{state.lower()}: <i>because</i> of\u202e what it did",
    )  # fmt: skip


def an_interval(mean, half=0.01, trainings=4, collapsed=0):
    return Interval(
        mean=mean, low=max(0.0, mean - half), high=min(1.0, mean + half), trainings=trainings, collapsed=collapsed,
        examples=360,
    )  # fmt: skip


def the_leaders(trials, decided, finalists):
    order = sorted(trials, key=lambda trial: (trial.state != "COMPLETE", -trial.merit, trial.number))
    return tuple(
        LeaderFacts(
            rank=rank, trial=trial.number, state=trial.state, epochs=trial.epochs, replicates=1,
            score=None if trial.score is None else an_interval(
                trial.score, half=min(0.02, rank / 250), trainings=4 if rank <= finalists else 1,
                collapsed=int(rank == 2),
            ),
            accuracy=trial.score, test=trial.score - 0.01 if decided and trial.score else None,
            test_interval=an_interval(trial.score - 0.01) if decided and finalists and rank == 1 else None,
            is_finalist=rank <= finalists, is_winner=rank == 1, is_tied=rank in (2, 3) and rank <= finalists,
            parameters=None if trial.state == "FAIL" else 7850 + 795 * trial.values[2], values=trial.values,
            seed=1000 + trial.number,
        )
        for rank, trial in enumerate(order, 1)
    )  # fmt: skip


def the_front(points):
    best, made = -1.0, []
    for trial, cost, score, is_finalist in sorted(points, key=lambda point: (point[1], -point[2])):
        made.append(TradePoint(trial=trial, cost=cost, score=score, is_finalist=is_finalist, on_front=score > best))
        best = max(best, score)
    return tuple(made)


def the_best(trials):
    best, steps = -1.0, []
    for at, trial in enumerate(trials, 1):
        if trial.state == "COMPLETE" and trial.score > best:
            best = trial.score
            steps.append(BestStep(at=at, trial=trial.number, score=best))
    return tuple(steps)


def a_picture(draw, size=28):
    rows = b"".join(b"\0" + bytes(draw.randrange(256) for _ in range(size)) for _ in range(size))

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return base64.b64encode(png).decode()


def the_answers(draw, trial, split, classes, table):
    matrix = tuple(
        tuple(
            draw.randrange(90, 99) if row == column else draw.choice((0, 0, 0, 1, 2)) for column in range(len(classes))
        )
        for row in range(len(classes))
    )
    pairs = [
        ConfusionFacts(right=classes[row], said=classes[column], examples=n)
        for row, counts in enumerate(matrix)
        for column, n in enumerate(counts)
        if n and row != column
    ]
    head = HeadAnswers(
        name="<em>digit</em>",
        classes=tuple(
            ClassFacts(
                name=name, examples=sum(matrix[row]), recall=matrix[row][row] / sum(matrix[row]),
                precision=matrix[row][row] / sum(line[row] for line in matrix),
            )
            for row, name in enumerate(classes)
        ),
        matrix=matrix,
        confused=tuple(sorted(pairs, key=lambda pair: -pair.examples)[:20]),
    )  # fmt: skip
    worst = [
        WorstExample(
            index=draw.randrange(360), right=(classes[0],), said=(classes[1],), probability=0.001 * (n + 1),
            picture="" if table else a_picture(draw), width=0 if table else 28, height=0 if table else 28,
            cells=(("<b>age</b>", "0.53"), ("=income", "-1.2")) if table else (),
        )
        for n in range(12)
    ]  # fmt: skip
    names = ("<b>age</b>", "=income", "colour")
    return AnswersFacts(
        trial=trial, split=split, examples=sum(map(sum, matrix)), right=sum(matrix[n][n] for n in range(len(classes))),
        heads=(head,), worst=tuple(worst),
        columns=tuple(
            ColumnFacts(name=name, loss=0.2 / 2**n, low=0.15 / 2**n, high=0.25 / 2**n) for n, name in enumerate(names)
        ) if table else (),
        shuffles=5 if table else 0,
    )  # fmt: skip


def the_spread(curves):
    for scores in zip(*curves, strict=True):
        values = [score for _, score in scores]
        mean = sum(values) / len(values)
        yield SpreadPoint(epoch=scores[0][0], mean=mean, low=min(values), high=max(values))


def the_finalists(draw, leaders):
    for leader in leaders:
        if leader.is_finalist and leader.score:
            means = [leader.score.mean + draw.uniform(-0.01, 0.01) for _ in range(4)]
            curves = tuple(tuple((epoch, mean * (1 - 0.5**epoch)) for epoch in range(1, EPOCHS + 1)) for mean in means)
            yield FinalistCurves(trial=leader.trial, curves=curves, spread=tuple(the_spread(curves)))


def the_times(trials, leaders, best, stages):
    trial_s = [0.5 + 0.1 * trial.epochs for trial in trials]
    ends = [sum(trial_s[:at]) for at in range(len(trials) + 1)] if len(trials) < 500 else [
        1.2 * at for at in range(len(trials) + 1)
    ]  # fmt: skip
    seconds = {trial.number: trial_s[place] for place, trial in enumerate(trials)}
    return TimeFacts(
        trial_s=tuple(trial_s),
        best=tuple(TimedStep(seconds=ends[step.at], trial=step.trial, score=step.score) for step in best),
        stages=tuple(TimedStage(name=each.name, first_s=each.first * 1.2, end_s=each.end * 1.2) for each in stages),
        training_s=stages[-1].end * 1.2,
        trade=the_front(
            (each.trial, seconds[each.trial], each.score.mean, each.is_finalist)
            for each in leaders
            if each.state == "COMPLETE" and each.score
        ),
        devices=("cpu",),
    )


def example_facts(trials=40, *, seed=0, decided=True, finalists=6, table=False, classes=CLASSES):
    """Make the facts of a search with trials of every state, conditions and names that are markup.

    Args:
        trials: how many; 0 for a search that was stopped before its first.
        decided: whether the winner is final; if not, nothing is known of test examples.
        finalists: configurations that were trained again; 0 for a search without a confirmation.
        table: whether the data are rows of a table, and not images.
    """
    draw = random.Random(seed)
    made = tuple(a_trial(number, draw) for number in range(trials))
    leaders = the_leaders(made, decided, finalists)
    best = the_best(made)
    complete = [each for each in leaders if each.state == "COMPLETE" and each.score]
    stages = [StageFacts(name="exploration", first=0, end=trials, in_words=f"{trials} configurations were tried")]
    if finalists and trials:
        chosen = trials + 4 * finalists
        stages += [
            StageFacts(name="selection", first=trials, end=chosen, in_words=f"the best {finalists} were trained again"),
            StageFacts(name="report", first=chosen, end=chosen + 8, in_words="the winner was trained 8 times"),
        ]
    winner = None
    if complete:
        first = complete[0]
        score = an_interval(first.score.mean - 0.01, trainings=8) if decided and finalists else None
        winner = WinnerFacts(
            trial=first.trial,
            configuration=tuple((axis.name, v) for axis, v in zip(AXES, first.values, strict=True) if v is not None),
            score=score, accuracy=score, model_test=score, ties=tuple(each.trial for each in leaders if each.is_tied),
            smallest_tie=next((each.trial for each in leaders if each.is_tied), None),
            lines=(
                f"Winner: trial {first.trial} (architecture {first.values[0]}, learning_rate {first.values[1]:.4g})",
                "  expected accuracy 0.9534 (95% interval 0.9434 to 0.9634), from 8 fresh trainings on 360 test images",
                "  chosen by validation accuracy 0.9612 over 4 fresh trainings: optimistic, as the best of 6 finalists",
            ),
            space=f'architecture = "{first.values[0]}"\nlearning_rate = {first.values[1]!r}\n',
        )  # fmt: skip
    states = ("COMPLETE", "PRUNED", "DIVERGED", "FAIL")
    counts = [(state, sum(trial.state == state for trial in made)) for state in states]
    share = [0.45, 0.25, 0.12, 0.08, 0.06, 0.04]
    return ReportFacts(
        run=RunFacts(
            name="digits-wide-001", trials=trials if decided else trials + 8, finished=trials,
            open=0 if decided else 8, open_trainings=0, counts=tuple((state, n) for state, n in counts if n),
            is_decided=decided,
            status="All trials are done." if decided else "The search was stopped with 8 of its trials open.",
            method=f"{trials} configurations were ordered by their accuracy on 360 validation images.",
            sampler="tpe", seed=0, epochs=EPOCHS,
        ),
        metric=MetricFacts(
            name="accuracy", in_words="accuracy", description="the share of examples that are labelled right",
            larger_is_better=True, highest=1.0,
        ),
        data=DataFacts(
            name="<u>digits</u>", format="a table with 3 columns" if table else "",
            examples="rows" if table else "images",
            input_shape=(5,) if table else (1, 28, 28),
            heads=(HeadFacts(name="<em>digit</em>", classes=classes, counts=tuple(100 for _ in classes)),),
            train=1077, validation=360, test=360, fingerprint="8f2a90cd", notes=("3 rows have gaps & are filled.",),
            baselines=(
                BaselineFacts(
                    name="logistic regression", in_words="a logistic regression reaches 0.9 on validation",
                    validation=0.9, test=0.89 if decided else None,
                ),
            ),
        ),
        space=SpaceFacts(
            name="wide", description="fully connected and convolutional networks", listed=0,
            dimensions=(
                DimensionFacts(name="learning_rate", domain="0.001 to 1, log", condition=""),
                DimensionFacts(name="filters", domain="8, 16, 32", condition="architecture = cnn"),
            ),
        ),
        settings=(SettingFacts(name="trials", value=trials), SettingFacts(name="changes", value=("a=1", "<b>=2"))),
        winner=winner,
        leaderboard=leaders,
        finalists=tuple(the_finalists(draw, leaders)),
        progress=ProgressFacts(best=best, stages=tuple(stages), trainings=stages[-1].end),
        importance=tuple(
            ImportanceFacts(
                hyperparameter=axis.name, condition="architecture = cnn" if axis.name == "filters" else "",
                trials=trials // (1 + axis.is_conditional), share=part,
            )
            for axis, part in zip(AXES, share, strict=True)
        ) if trials >= 10 else (),
        hyperparameters=AXES,
        fixed=(("batch_size", 32), ("activation", "relu")),
        trials=made,
        trade=the_front((each.trial, each.parameters, each.score.mean, each.is_finalist) for each in complete),
        answers=winner and the_answers(draw, winner.trial, "test" if decided else "validation", classes, table),
        notes=() if decided else (
            NoteFacts(section="answers", text="The winner is not decided: these are validation examples."),
        ),
        times=the_times(made, leaders, best, stages),
        place=PlaceFacts(
            folder="results/runs/digits-wide-001", machine="a processor, 2 cores, Linux",
            versions=(("Python", "3.12.3"), ("packtune", "0.1.0"), ("torch", "2.11.0")), began_with="0.1.0",
            written="2026-11-26 21:04 UTC", resources=(("workers", "2"), ("device", "auto")),
            commands=(
                CommandFacts(purpose="Search again", line="packtune run --data '<u>digits</u>' --seed 0"),
                CommandFacts(purpose="Try more", line="packtune resume digits-wide-001 --trials +32"),
                CommandFacts(purpose="Export the winner's model", line="packtune best digits-wide-001 --export m.pt"),
            ),
            files=(("leaderboard.csv", "the leaderboard in full"), ("trials.csv", "all trials")),
        ),
    )  # fmt: skip


@pytest.fixture(scope="session")
def make_facts():
    """Give `example_facts`."""
    return example_facts
