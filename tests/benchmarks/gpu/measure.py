"""Runs the plan on a device, both sides of every row in turns, so that other work there slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from plain import PlainLoop
from plan import CNN, LAYERS, Case, Plan, Recipe, check_row, recipe_rows, speed_row, way_row, whole_row
from table import Held, Row, judge
from torch import Tensor, nn

from packtune.data.dataset import Dataset
from packtune.models.configuration import Configuration
from packtune.models.hardware.cuda_libraries import library_settings
from packtune.models.hardware.precision import Precision
from packtune.models.hardware.recorder import CudaGraphs, Work
from packtune.models.layers.convolution import LIBRARY, UNFOLDED, Convolution, Geometry
from packtune.models.training.pack_training import Member, PackTraining

TOLERANCE = 1e-3
CHECKED_RATES = (1.0, 0.5, 0.25, 0.1)  # of the configuration's learning rate, one a member
CONVOLUTIONS = 10  # timed together
PLAIN_MOVES = Geometry(stride=(1, 1), padding=(0, 0), dilation=(1, 1), shared_input=False)


def measure(plan: Plan, dataset: Dataset, device: torch.device) -> Iterator[Row]:
    """Give the rows of the plan as they are measured."""
    for case in plan.cases:
        yield from speed_rows(case, dataset, device, plan.repeats)
    yield whole(plan, dataset, device)
    for case in plan.cases:
        yield check(case, dataset, device, plan.checked_steps)
    for layer in LAYERS:
        for size in plan.ways:
            yield compare_ways(layer, size, device, plan.repeats)
    yield from follow(plan.recipe, dataset, device)


def speed_rows(case: Case, dataset: Dataset, device: torch.device, repeats: int) -> Iterator[Row]:
    """Time epochs of packs of each size against epochs of the plain loop, after one of each that does not count."""
    data = _first_images(dataset, case.images)
    steps = len(data.train) // case.configuration.batch_size
    plain = PlainLoop(_members(case.configuration, 1)[0], data, device)
    plain.train_epoch()
    for size, reach in case.reach.items():
        row = speed_row(case, size)
        try:
            pack = _pack(case.configuration, size, data, device, case.precision)
            pack.train_epoch()
            pairs = [(_seconds(pack.train_epoch, device), _seconds(plain.train_epoch, device)) for _ in range(repeats)]
        except torch.OutOfMemoryError:
            yield replace(row, remark="out of memory on this device")
            continue
        ratios = tuple(alone / (packed / size) for packed, alone in pairs)
        packed_us, plain_us = (1e6 * statistics.median(side) / steps for side in zip(*pairs, strict=True))
        yield replace(
            row,
            values=ratios,
            n=len(ratios),
            held=judge(ratios, at_least=reach),
            context=f"a step of a trial: {packed_us / size:.3g} us in the pack, {plain_us:.3g} us alone",
            remark=_remark(pack),
        )


def whole(plan: Plan, dataset: Dataset, device: torch.device) -> Row:
    """Train the largest pack from making its members' initial weights to the last step, and one plain loop as long."""
    case, size = plan.whole, max(plan.whole.reach)
    data = _first_images(dataset, case.images)

    def packed() -> None:
        pack = _pack(case.configuration, size, data, device, case.precision)
        for _ in range(plan.whole_epochs):
            pack.train_epoch()

    def alone() -> None:
        plain = PlainLoop(_members(case.configuration, 1)[0], data, device)
        for _ in range(plan.whole_epochs):
            plain.train_epoch()

    row = whole_row(plan)
    try:
        packed_s, plain_s = _seconds(packed, device), _seconds(alone, device)
    except torch.OutOfMemoryError:
        return replace(row, remark="out of memory on this device")
    ratio = (size * plain_s / packed_s,)
    context = f"{packed_s:.3g} s for all in the pack, {plain_s:.3g} s for one alone"
    return replace(row, values=ratio, n=1, held=judge(ratio, at_least=case.reach[size]), context=context)


def check(case: Case, dataset: Dataset, device: torch.device, steps: int) -> Row:
    """Compare packed and plain weights, both in exact float32; dropout off, since its masks differ."""
    data = _first_images(dataset, steps * case.configuration.batch_size)
    c = replace(case.configuration, dropout=0.0)
    members = [
        Member(configuration=replace(c, learning_rate=rate * c.learning_rate), seed=seed)
        for seed, rate in enumerate(CHECKED_RATES)
    ]
    pack = PackTraining(members, data, batch_seed=0, device=device, precision=Precision.FLOAT32)
    pack.train_epoch()
    differences = []
    for place, member in enumerate(members):
        plain = PlainLoop(member, data, device)
        with library_settings(device):
            plain.train_epoch()
        pairs = zip(_weights(pack.unpack(place)), _weights(plain.network.cpu()), strict=True)
        differences.append(max(float((ours - theirs).norm() / theirs.norm()) for ours, theirs in pairs))
    values = tuple(differences)
    # Of all members: one that differs is enough.
    held = judge([max(values)], at_most=TOLERANCE)
    return replace(check_row(case, steps), values=values, n=len(values), held=held, remark="one value a member")


def compare_ways(layer: str, size: int, device: torch.device, repeats: int) -> Row:
    """Time the forward and backward pass of one of the CNN's convolutions, as it is in a pack, in both ways."""
    row = way_row(layer, size)
    with torch.inference_mode(), library_settings(device):
        try:
            library, unfolded = (_recorded(_convolve(way, layer, size, device), device) for way in (LIBRARY, UNFOLDED))
            library(), unfolded()
            pairs = [(_seconds(library, device), _seconds(unfolded, device)) for _ in range(repeats)]
        except torch.OutOfMemoryError:
            return replace(row, remark="out of memory on this device")
    ratios = tuple(a / b for a, b in pairs)
    library_ms, unfolded_ms = (1e3 * statistics.median(side) / CONVOLUTIONS for side in zip(*pairs, strict=True))
    context = f"{unfolded_ms:.3g} ms unfolded, {library_ms:.3g} ms by the library"
    return replace(row, values=ratios, n=len(ratios), held=judge(ratios, at_least=1.0), context=context)


def follow(recipe: Recipe, dataset: Dataset, device: torch.device) -> Iterator[Row]:
    """Train the recipe from each seed; the clock runs from the first step to the last, recording included."""
    accuracies, times = [], []
    _train(recipe, recipe.seeds[0], dataset, device)  # does not count: it finds the libraries cold
    for seed in recipe.seeds:
        training, second = _train(recipe, seed, dataset, device)
        times.append(second)
        accuracies.append(training.evaluate(dataset.test)[0].accuracy)
    accuracy, time_s = recipe_rows(recipe)
    mean, mean_s = statistics.fmean(accuracies), statistics.fmean(times)
    yield _mean_row(accuracy, accuracies, mean >= recipe.accuracy)
    yield _mean_row(time_s, times, mean_s < recipe.budget_s)


def _train(recipe: Recipe, seed: int, dataset: Dataset, device: torch.device) -> tuple[PackTraining, float]:
    members = [Member(configuration=recipe.configuration, seed=seed)]
    training = PackTraining(members, dataset, batch_seed=seed, device=device, precision=recipe.precision)
    return training, _seconds(lambda: [training.train_epoch() for _ in range(recipe.epochs)], device)


def _mean_row(row: Row, values: Sequence[float], held: bool) -> Row:
    spread = f"mean {statistics.fmean(values):.5g}, standard deviation {statistics.stdev(values):.2g}"
    held_ = Held.YES if held else Held.NO
    return replace(row, values=tuple(values), n=len(values), held=held_, context=spread)


def _convolve(way: Convolution, layer: str, size: int, device: torch.device) -> Work:
    """Make forward and backward passes of a convolution on random bfloat16 maps of the right shapes."""
    first = layer == "first"
    geometry = replace(PLAIN_MOVES, shared_input=first)
    channels, filters, side = (1, CNN.filters, 28) if first else (CNN.filters, 2 * CNN.filters, 13)
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(device, torch.bfloat16)

    planes = channels if first else size * channels
    values = draw(CNN.batch_size, planes, side, side).to(memory_format=torch.channels_last)
    weight, bias = draw(size, filters, channels, CNN.kernel_size, CNN.kernel_size), draw(size, filters)
    out = side - CNN.kernel_size + 1
    gradient = draw(CNN.batch_size, size * filters, out, out).to(memory_format=torch.channels_last)

    def work() -> None:
        for _ in range(CONVOLUTIONS):
            _, saved = way.forward(geometry, values, weight, bias)
            way.backward(geometry, gradient, saved, values.shape, weight, needs_input=not first)

    return work


def _recorded(work: Work, device: torch.device) -> Work:
    """Record work on a GPU, as a pack's steps are."""
    if device.type != "cuda":
        return work
    graphs = CudaGraphs(device, torch.Generator(device))
    graphs.warm_up(work)
    return graphs.record(work)


def _weights(network: nn.Sequential) -> list[Tensor]:
    return [parameter.detach() for parameter in network.parameters()]


def _members(configuration: Configuration, size: int) -> list[Member]:
    return [Member(configuration=configuration, seed=seed) for seed in range(size)]


def _pack(
    configuration: Configuration, size: int, dataset: Dataset, device: torch.device, precision: Precision
) -> PackTraining:
    return PackTraining(_members(configuration, size), dataset, batch_seed=0, device=device, precision=precision)


def _remark(pack: PackTraining) -> str:
    """Say whether the pack's steps could not be recorded, in which case its figure is that of single launches."""
    reason = getattr(pack._steps, "reason", "")
    return f"not recorded: {reason}" if reason else ""


def _first_images(dataset: Dataset, n: int) -> Dataset:
    return replace(dataset, train=dataset.train.first(n)) if n else dataset


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    _wait(device)
    start_s = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - start_s


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
