"""Rows 6 and 7, the other side: Ray Tune with its OptunaSearch and a DataLoader trainable, as its documentation shows.

Called by `search_speed.py` in a process of its own; prints one line of JSON. The documentation's examples read MNIST
with torchvision: a data set that turns each image into a PIL image, and that into a normalized tensor, whenever it is
asked for. `PictureDataset` does the same work, step by step, without torchvision. With `--resident` the images are
scaled tensors in memory instead, which no example shows and is the kinder side to be compared with.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from checkout import make_importable

make_importable()

import numpy as np
import ray
import torch
from PIL import Image
from ray import tune
from ray.tune import Stopper
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler
from ray.tune.search.optuna import OptunaSearch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data import Dataset as TorchDataset

from packtune.data import catalog
from packtune.data.description import PIXEL_SCALE

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


class PictureDataset(TorchDataset[tuple[Tensor, int]]):
    """Images uint8 [n, 1, h, w] and labels int64 [n], transformed one by one as torchvision's MNIST does."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self._images, self._labels = images, labels

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self._images[place, 0].numpy())
        return normalize(to_tensor(picture)), int(self._labels[place])


def to_tensor(picture: Image.Image) -> Tensor:
    """Turn a picture into float32 [1, h, w] from 0 to 1, as torchvision's ToTensor."""
    width, height = picture.size
    pixels = torch.from_numpy(np.array(picture, np.uint8, copy=True)).view(height, width, 1)
    return pixels.permute((2, 0, 1)).contiguous().to(torch.float32).div(255)


def normalize(image: Tensor) -> Tensor:
    """Shift and scale by MNIST's mean and deviation, as torchvision's Normalize."""
    mean = torch.as_tensor((0.1307,), dtype=image.dtype).view(-1, 1, 1)
    deviation = torch.as_tensor((0.3081,), dtype=image.dtype).view(-1, 1, 1)
    return image.clone().sub_(mean).div_(deviation)


def make_dataset(images: Tensor, labels: Tensor, *, resident: bool) -> TorchDataset[Any]:
    """Give what a DataLoader reads."""
    if resident:
        return TensorDataset(images.float() / PIXEL_SCALE, labels)
    return PictureDataset(images, labels)


def train(config: dict[str, Any], data: dict[str, tuple[Tensor, Tensor]], epochs: int, resident: bool) -> None:
    """Train one trial, and report after every epoch."""
    began_s = time.time()
    loader = DataLoader(make_dataset(*data["train"], resident=resident), batch_size=config["batch_size"], shuffle=True)
    held_out = DataLoader(make_dataset(*data["validation"], resident=resident), batch_size=1000)
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
    parser.add_argument("--resident", action="store_true")
    parser.add_argument("--asha", action="store_true")
    parser.add_argument("--stop-at", type=float, default=2.0, help="accuracy")
    parser.add_argument("--limit-s", type=float, default=1e9)
    parser.add_argument("--results", type=str, required=True)
    options = parser.parse_args()
    dataset = catalog.load("digits" if options.data_dir is None else "mnist", options.data_dir)
    splits = {"train": dataset.train, "validation": dataset.validation}
    data = {name: (split.inputs, split.labels[:, 0]) for name, split in splits.items()}
    ray.init(num_cpus=2, include_dashboard=False)
    stopper = StopAt(options.stop_at, options.epochs, options.limit_s)
    results = tune.Tuner(
        tune.with_parameters(train, data=data, epochs=options.epochs, resident=options.resident),
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
