"""Reading a folder of small pictures, against a plain loop of Pillow's `open`.

    python tests/benchmarks/reading.py --pictures 60000 --repeats 5

The pictures are scikit-learn's digits, enlarged to 28x28, with noise in the ink, so that all differ. Both sides read
the same files, which are in the system's cache; they take turns. Ours lists the folders, checks each picture for
colours and transparency, and gives one array with labels; the plain loop gets a list of the paths, and gives one array.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from checkout import make_importable

make_importable()

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from table import Row, judge, to_markdown

from packtune.data.options import DataOptions
from packtune.data.reading.find import read
from packtune.data.sets.digits import enlarge
from packtune.limits import usable_cpus
from packtune.machine import describe_machine


def write_pictures(folder: Path, n: int) -> list[Path]:
    """Write n pictures into ten folders, and list them in the order in which they are read."""
    bunch = load_digits()
    images, random = enlarge(bunch.images), np.random.default_rng(0)
    for number in range(n):
        image = images[number % len(images)]
        noisy = np.where(image > 0, image - random.integers(0, 16, image.shape).clip(max=image), 0)
        place = folder / str(bunch.target[number % len(images)])
        place.mkdir(exist_ok=True)
        Image.fromarray(noisy.astype(np.uint8)).save(place / f"{number:06}.png")
    return sorted(folder.rglob("*.png"))


def read_plainly(paths: Sequence[Path]) -> np.ndarray:
    """Read pictures as a first program would."""
    return np.stack([np.asarray(Image.open(path)) for path in paths])


def measure(folder: Path, paths: Sequence[Path], repeats: int) -> list[tuple[float, float]]:
    """Time both sides in turns: seconds of the plain loop, and of ours."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        plain = read_plainly(paths)
        between = time.perf_counter()
        ours = read(folder, DataOptions(), cpus=usable_cpus()).splits["train"].inputs
        seconds.append((between - started, time.perf_counter() - between))
        assert np.array_equal(ours[:, 0], plain)
    return seconds


def to_row(n: int, seconds: Sequence[tuple[float, float]]) -> Row:
    """Put the ratios into a row of the table."""
    ratios = tuple(plain / ours for plain, ours in seconds)
    plain, ours = (statistics.median(side) for side in zip(*seconds, strict=True))
    return Row(
        number=0,
        what=f"reading {n:,} PNG files of 28x28, {usable_cpus()} processors",
        against="a plain loop of Pillow's open",
        reach=">= 1.6x",
        values=ratios,
        unit="x",
        held=judge(ratios, at_least=1.6),
        context=f"{ours:.2f} s against {plain:.2f} s",
        machine=describe_machine(),
        command=f"python tests/benchmarks/reading.py --pictures {n} --repeats {len(seconds)}",
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Write the pictures, time both sides, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pictures", type=int, default=60_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="FILE", help="Markdown file for the table")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="packtune-pictures-") as folder:
        paths = write_pictures(Path(folder), options.pictures)
        row = to_row(options.pictures, measure(Path(folder), paths, options.repeats))
    text = to_markdown([row], title="Reading pictures")
    print(text)
    if options.write:
        options.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
