"""What is measured on a GPU, row by row: also what the table says before anybody has measured it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from table import Held, Row

from packtune.models.configuration import Configuration
from packtune.models.hardware.precision import Precision

PLAIN = "one plain PyTorch loop over images resident on the same device"
EPOCHS = 10
LAYERS = ("first", "second")

MLP = Configuration(hidden_units=128)
CNN = Configuration(  # the notebook's
    architecture="cnn", hidden_units=128, dropout=0.5, learning_rate=0.01, momentum=0.9, nesterov=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One network in packs of several sizes.

    Attributes:
        configuration: of every member and of the plain loop; the seeds differ.
        precision: of the packs; the plain loop has PyTorch's defaults.
        reach: how many times faster a trial should be in a pack of each size.
        images: of the training split; 0 for all.
    """

    name: str
    configuration: Configuration
    precision: Precision
    reach: dict[int, float]
    images: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one network is trained to an accuracy in little time.

    Attributes:
        epochs: of each training.
        accuracy: that the test accuracy's mean over the seeds should reach, 0 to 1.
        budget_s: in which the mean training should be done.
    """

    configuration: Configuration
    precision: Precision
    epochs: int
    seeds: tuple[int, ...]
    accuracy: float
    budget_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that one run measures.

    Attributes:
        repeats: how often each side is timed.
        checked_steps: after how many steps packed and plain weights are compared.
        whole: the case whose largest pack is also trained from beginning to end, for `whole_epochs` epochs.
        ways: sizes of the packs in which the two ways to convolve are compared.
    """

    cases: tuple[Case, ...]
    repeats: int
    checked_steps: int
    whole: Case
    whole_epochs: int
    ways: tuple[int, ...]
    recipe: Recipe


_MLP_CASE = Case(
    name="784-128-10",
    configuration=MLP,
    precision=Precision.TF32,
    reach={1: 1.0, 16: 1.0, 64: 1.0, 256: 1.0, 1024: 100.0},
)
_CNN_CASE = Case(
    name="notebook's CNN",
    configuration=CNN,
    precision=Precision.BFLOAT16,
    reach={1: 1.0, 16: 1.0, 64: 8.0, 256: 8.0, 1024: 8.0},
    images=32 * 120,  # a plain epoch of all images times 1,024 would take minutes
)
FULL = Plan(
    cases=(_MLP_CASE, _CNN_CASE),
    repeats=5,
    checked_steps=50,
    whole=_MLP_CASE,
    whole_epochs=EPOCHS,
    ways=(16, 64),
    recipe=Recipe(
        configuration=Configuration(
            architecture="cnn",
            hidden_units=128,
            dropout=0.5,
            batch_size=128,
            learning_rate=0.05,
            momentum=0.9,
            nesterov=True,
        ),
        precision=Precision.BFLOAT16,
        epochs=10,
        seeds=tuple(range(10)),
        accuracy=0.99,
        budget_s=2.0,
    ),
)


QUICK = replace(
    FULL,
    cases=(
        replace(_MLP_CASE, reach={1: 1.0, 4: 1.0}, images=32 * 12),
        replace(_CNN_CASE, configuration=replace(CNN, filters=2), reach={1: 1.0, 2: 1.0}, images=32 * 2),
    ),
    repeats=2,
    checked_steps=4,
    whole=replace(_MLP_CASE, reach={4: 1.0}, images=32 * 12),
    whole_epochs=2,
    ways=(2,),
    recipe=replace(
        FULL.recipe, configuration=replace(FULL.recipe.configuration, filters=2, batch_size=64), epochs=1, seeds=(0, 1)
    ),
)


def speed_row(case: Case, size: int) -> Row:
    """Give the row of one pack size, not run."""
    return _blank(
        what=f"{case.name}, batch {case.configuration.batch_size}, K = {size}, {case.precision}: time per trial",
        against=PLAIN,
        reach=f">= {case.reach[size]:g}x",
        unit="x",
    )


def whole_row(plan: Plan) -> Row:
    """Give the row of a whole training, not run."""
    size = max(plan.whole.reach)
    return _blank(
        what=f"{plan.whole.name}: {size} trials x {plan.whole_epochs} epochs, initial weights and recording included",
        against=f"as many times {PLAIN}, measured once",
        reach=f">= {plan.whole.reach[size]:g}x",
        unit="x",
    )


def check_row(case: Case, steps: int) -> Row:
    """Give the row that compares weights, not run."""
    return _blank(
        what=f"{case.name}, a pack in float32, {steps} steps: largest relative difference of a member's weights",
        against="the same member trained alone by the plain loop",
        reach="<= 0.001",
    )


def way_row(layer: str, size: int) -> Row:
    """Give the row that compares two ways to convolve, not run."""
    return _blank(
        what=f"notebook's CNN, {layer} convolution, K = {size}, bfloat16: products over unfolded maps",
        against="the library's convolution, forward and backward",
        reach=">= 1x",
        unit="x",
    )


def recipe_rows(recipe: Recipe) -> tuple[Row, Row]:
    """Give the rows of accuracy and of time, not run."""
    c = recipe.configuration
    what = (
        f"one CNN from scratch, {recipe.epochs} epochs, batch {c.batch_size}, learning rate {c.learning_rate:g}, "
        f"{recipe.precision}"
    )
    n = f"mean of {len(recipe.seeds)} seeds"
    return (
        _blank(what=f"{what}: test accuracy", against="", reach=f">= {recipe.accuracy:.1%} ({n})"),
        _blank(what=f"{what}: seconds of training", against="", reach=f"< {recipe.budget_s:g} s ({n})", unit="s"),
    )


def blank_rows(plan: Plan) -> list[Row]:
    """Give all rows, not run."""
    rows = [speed_row(case, size) for case in plan.cases for size in case.reach]
    rows += [whole_row(plan), *(check_row(case, plan.checked_steps) for case in plan.cases)]
    rows += [way_row(layer, size) for layer in LAYERS for size in plan.ways]
    rows += recipe_rows(plan.recipe)
    return rows


def _blank(*, what: str, against: str, reach: str, unit: str = "") -> Row:
    return Row(
        number=0, what=what, against=against, reach=reach, values=(), unit=unit, held=Held.NOT_RUN, machine="no GPU"
    )
