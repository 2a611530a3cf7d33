"""Rows 13 and 14: AdamW in packs against a plain PyTorch loop with torch.optim.AdamW, in each of its forms.

    python tests/benchmarks/run.py --only 13 14 --data-dir MNIST_FOLDER

All sides run in one process, set up as a worker is, on one thread. They take turns, a few steps each, so that other
work on the machine slows all of them. The ratio is against the form of torch.optim.AdamW that was fastest in the same
turn.
"""

from __future__ import annotations

import statistics
from functools import partial

import torch
from table import Options, Row, judge
from training import Case, PlainLoop, load_images, seconds_of

from packtune.data.dataset import Dataset
from packtune.machine import describe_machine
from packtune.models.configuration import Configuration
from packtune.models.training.pack_training import Member, PackTraining
from packtune.worker.trainable import set_up_process

BATCH_SIZE = 32
STEPS = 50  # mini-batches of one turn
TURNS = 25

ADAMW = Configuration(optimizer="adamw", learning_rate=1e-3, weight_decay=0.01)
FORMS = {"for-loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
CASES = (
    Case(number=13, configuration=Configuration(**{**ADAMW.as_dict(), "hidden_units": 10}), size=16, at_least=12),
    Case(number=14, configuration=Configuration(**{**ADAMW.as_dict(), "hidden_units": 128}), size=4, at_least=2.5),
)


def plain_loop(configuration: Configuration, dataset: Dataset, form: str) -> PlainLoop:
    """Make the loop with one form of torch.optim.AdamW."""
    make = partial(
        torch.optim.AdamW, lr=configuration.learning_rate, weight_decay=configuration.weight_decay, **FORMS[form]
    )
    return PlainLoop(configuration, dataset, make)


def measure(case: Case, dataset: Dataset, turns: int) -> Row:
    """Train a pack and the plain networks in turns."""
    members = [Member(configuration=case.configuration, seed=seed) for seed in range(case.size)]
    sides = {"pack": PackTraining(members, dataset, batch_seed=0)}
    sides |= {form: plain_loop(case.configuration, dataset, form) for form in FORMS}
    for side in sides.values():
        side.train_epoch()
    times = [{name: seconds_of(side.train_epoch) for name, side in sides.items()} for _ in range(turns)]
    ratios = tuple(case.size * min(each[form] for form in FORMS) / each["pack"] for each in times)
    steps = len(dataset.train) // case.configuration.batch_size
    step_us = {name: 1e6 * statistics.median(each[name] for each in times) / steps for name in sides}
    plain = ", ".join(f"{step_us[form]:.0f} {form}" for form in FORMS)
    return Row(
        number=case.number,
        what=f"AdamW in packs, one core, batch {case.configuration.batch_size}, hidden "
        f"{case.configuration.hidden_units}, K = {case.size}: time per trial",
        against="plain PyTorch loop with torch.optim.AdamW, its fastest form in each turn",
        reach=f">= {case.at_least:g}x",
        values=ratios,
        unit="x",
        held=judge(ratios, at_least=case.at_least),
        context=f"{step_us['pack'] / case.size:.0f} against {plain} µs a step of one trial ({dataset.name})",
        machine=describe_machine(),
    )


def rows(options: Options) -> list[Row]:
    """Measure the rows that are wanted."""
    set_up_process()
    dataset = load_images(options.data_dir, STEPS * BATCH_SIZE)
    turns = 3 if options.quick else TURNS
    return [measure(case, dataset, turns) for case in CASES if options.wants(case.number)]
