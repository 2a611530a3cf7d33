"""Rows 6 and 7, the other side: Ray Tune with its OptunaSearch and a DataLoader trainable, as its documentation shows.

Called by `search_speed.py` in a process of its own; prints one line of JSON. Kinder than the documentation in two
points: the images are scaled tensors in memory already, and reach the trials through Ray's object store.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import ray
import torch
from ray import tune
from ray.tune import Stopper
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
from ray.tune.search.optuna import OptunaSearch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from data import catalog
from data.dataset import PIXEL_SCALE, Split

STARTED_S = time.time()
MODULES = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "tanh": nn.Tanh, "gelu": nn.GELU}
# The same as SPACE of search_speed.py.
PARAM_SPACE = {
    "batch_size": tune.choice([32, 64, 128]),
    "hidden_units": tune.lograndint(10, 129),
    "activation": tune.choice(list(MODULES)),
    "learning_rate": tune.loguniform(1e-3, 1.0),
    "momentum": tune.uniform(0.0, 0.99),
}


def to_tensors(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    """Scale a split's images: float32 [n, 1, h, w] and labels int64 [n]."""
    return split.images.unsqueeze(1).float() / PIXEL_SCALE, split.labels[:, 0]


def train(config: dict[str, Any], data: dict[str, tuple[torch.Tensor, torch.Tensor]], epochs: int) -> None:
    """Train one trial, and report after every epoch."""
    began_s = time.time()
    loader = DataLoader(TensorDataset(*data["train"]), batch_size=config["batch_size"], shuffle=True)
    held_out = DataLoader(TensorDataset(*data["validation"]), batch_size=1000)
    pixels, hidden = data["train"][0][0].numel(), config["hidden_units"]
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(pixels, hidden), MODULES[config["activation"]](), nn.Linear(hidden, 10)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=config["learning_rate"], momentum=config["momentum"])
    loss_of = nn.CrossEntropyLoss()
    for _ in range(epochs):
        model.train()
        for images, labels in loader:
            optimizer.zero_grad()
            loss_of(model(images), labels).backward()
            optimizer.step()
        tune.report({"accuracy": accuracy_of(model, held_out), "began_s": began_s, "now_s": time.time()})


@torch.no_grad()
def accuracy_of(model: nn.Module, loader: DataLoader[Any]) -> float:
    """Give the share of labels right."""
    model.eval()
    right = sum((model(images).argmax(1) == labels).sum().item() for images, labels in loader)
    return right / len(loader.dataset)  # type: ignore[arg-type]


class StopAt(Stopper):
    """Ends the search once a fully trained trial is good enough, or the time is up."""

    def __init__(self, accuracy: float, epochs: int, limit_s: float) -> None:
        self._accuracy, self._epochs, self._limit_s = accuracy, epochs, limit_s
        self.found_s: float | None = None

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        good = result["accuracy"] >= self._accuracy and result["training_iteration"] == self._epochs
        if good and self.found_s is None:
            self.found_s = time.time()
        return False

    def stop_all(self) -> bool:
        return self.found_s is not None or time.time() > STARTED_S + self._limit_s


def main() -> None:
    """Search, and print what was reached when."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--trials", type=int, default=-1)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--asha", action="store_true")
    parser.add_argument("--stop-at", type=float, default=2.0, help="accuracy")
    parser.add_argument("--limit-s", type=float, default=1e9)
    parser.add_argument("--results", type=str, required=True)
    options = parser.parse_args()
    dataset = catalog.load("digits" if options.data_dir is None else "mnist", options.data_dir)
    data = {"train": to_tensors(dataset.train), "validation": to_tensors(dataset.validation)}
    ray.init(num_cpus=2, include_dashboard=False)
    stopper = StopAt(options.stop_at, options.epochs, options.limit_s)
    results = tune.Tuner(
        tune.with_parameters(train, data=data, epochs=options.epochs),
        param_space=PARAM_SPACE,
        tune_config=tune.TuneConfig(
            metric="accuracy",
            mode="max",
            search_alg=OptunaSearch(seed=options.seed),
            scheduler=ASHAScheduler(max_t=options.epochs) if options.asha else FIFOScheduler(),
            num_samples=options.trials,
            max_concurrent_trials=2,
        ),
        run_config=tune.RunConfig(storage_path=options.results, stop=stopper),
    ).fit()
    metrics = [result.metrics for result in results if result.metrics and "accuracy" in result.metrics]
    print(
        json.dumps(
            {
                "trials": len(metrics),
                "epochs": sum(each["training_iteration"] for each in metrics),
                "training_s": max(each["now_s"] for each in metrics) - min(each["began_s"] for each in metrics),
                "found_s": stopper.found_s and stopper.found_s - STARTED_S,
                "best": max(each["accuracy"] for each in metrics),
            }
        )
    )


if __name__ == "__main__":
    main()
