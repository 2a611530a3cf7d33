"""What it costs a search that other people's tools are told of it.

    python tests/benchmarks/tools.py [--trials 100] [--epochs 5]

Each search is measured by itself, so that other work on the machine matters little: how much of the driver's processor
time went to the thread that sends, while the search ran and after it. The tools are TensorBoard's files, MLflow's
client on a database, and MLflow's client on a server that is not there.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

MOST_SHARE = 0.03
TOOLS = {
    "none": {},
    "TensorBoard": {"tensorboard": True},
    "MLflow, a database": {"mlflow": "sqlite:///mlflow.db"},
    "MLflow, no server": {"mlflow": "http://127.0.0.1:9"},
}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one search took, in seconds.

    Attributes:
        wall_s: of the search, from the first proposal to the last outcome and its tables, as a person waits.
        driver_s: processor time of the driver.
        searching_s, ending_s: of that, what went to sending while the search ran, and after it.
        outcomes: trials and trainings of finalists.
    """

    wall_s: float
    driver_s: float
    searching_s: float
    ending_s: float
    outcomes: int


def measure(name: str, trials: int, epochs: int) -> Cost:
    """Search once."""
    from packtune.interface.search import search
    from packtune.run.listening import audience
    from packtune.tools.courier import Courier

    couriers: list[Courier] = []
    counted: list[int] = []

    class Watched(Courier):
        def __init__(self, *args: object) -> None:
            super().__init__(*args)  # type: ignore[arg-type]
            couriers.append(self)

        def finish(self, everything, *args):  # type: ignore[no-untyped-def]
            counted.append(len(everything))
            super().finish(everything, *args)

    audience.Courier = Watched  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        started_s, used_s = time.monotonic(), time.process_time()
        search("digits", trials=trials, epochs=epochs, workers=1, progress="plain", **TOOLS[name])
        wall_s, driver_s = time.monotonic() - started_s, time.process_time() - used_s
    searching_s, ending_s = (sum(getattr(c, part) for c in couriers) for part in ("searching_s", "ending_s"))
    return Cost(wall_s=wall_s, driver_s=driver_s, searching_s=searching_s, ending_s=ending_s, outcomes=sum(counted))


def main() -> None:
    """Measure every tool, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=list(TOOLS))
    asked = parser.parse_args()
    print("| tool | outcomes | search, s | driver, s | sending meanwhile, s | of the search | at the end, s |")
    print("|---|---|---|---|---|---|---|")
    for name in asked.only:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            cost = pool.submit(measure, name, asked.trials, asked.epochs).result()
        share = cost.searching_s / cost.wall_s
        print(
            f"| {name} | {cost.outcomes} | {cost.wall_s:.0f} | {cost.driver_s:.1f} | {cost.searching_s:.2f} | "
            f"{share:.2%}{'' if share <= MOST_SHARE else ' (too much)'} | {cost.ending_s:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
