"""Searches of known truth: networks that are right or wrong by chance, so that every true accuracy is known exactly.

Configuration k, in training r, labels image i right if

    a_k + S_kr + T_r + D_i + X_ki + E_kri > 0

with independent normal parts: S is what the seed does to this configuration, T what it does to all (they share their
mini-batches), D how easy the image is, X how easy for this configuration, and E the rest, of standard deviation 1. The
true accuracy is the normal distribution function of a_k over the standard deviation of the sum: that of a fresh
training on a fresh image.

In some cells, half of the configurations collapse from a share of their seeds: from such a seed a_k is that of a guess.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.floating]

CONFIGURATIONS = 64
ACCURACY = 0.95  # the median configuration's
IMAGE = 1.2  # standard deviation of D
IMAGE_OF_CONFIGURATION = 0.6  # of X
SHARED_SEED = 0.5  # standard deviation of T, as a share of the median one of S
GUESS = 0.1  # the accuracy of a training that collapsed
COLLAPSING = 0.5  # the share of configurations that collapse from some seeds, in cells where any do
POOL = 1527  # training and validation images of the digits, of which each repeat validates on 270


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """How much the seed of a training matters.

    Attributes:
        noise: standard deviation of S over that of an image's parts; 0.1 moves an accuracy of 95% by about 1 point.
        unequal: standard deviation of the logarithm of `noise` between configurations.
    """

    noise: float
    unequal: float = 0.0

    def __str__(self) -> str:
        return f"{self.noise}" + (f", unequal by {self.unequal}" if self.unequal else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A kind of search.

    Attributes:
        spread: standard deviation of the configurations' a_k over that of an image's parts.
        validation: number of validation images; a pool of `POOL` from which each repeat draws them if `resampled`.
        collapse: the share of seeds from which half of the configurations collapse, 0 to below 1.
    """

    spread: float
    seeds: Seeds
    validation: int
    resampled: bool = False
    collapse: float = 0.0


class Search:
    """One search: its configurations, its validation images, and the trainings that are made of them.

    Attributes:
        truth: true accuracy of each configuration [configurations], from all seeds.
        sound_truth: the same from the seeds that it does not collapse from.
        collapse: the share of seeds that each configuration collapses from [configurations].
    """

    def __init__(self, cell: Cell, rng: np.random.Generator) -> None:
        self.cell, self._rng = cell, rng
        scale = math.sqrt(1 + IMAGE**2 + IMAGE_OF_CONFIGURATION**2)
        self.seed_noise = scale * cell.seeds.noise * np.exp(cell.seeds.unequal * rng.standard_normal(CONFIGURATIONS))
        self.shared_noise = scale * cell.seeds.noise * SHARED_SEED
        self.level = scale * (ndtri(ACCURACY) + cell.spread * rng.standard_normal(CONFIGURATIONS))
        whole = np.sqrt(scale**2 + self.seed_noise**2 + self.shared_noise**2)
        self.collapse = np.where(rng.random(CONFIGURATIONS) < COLLAPSING, cell.collapse, 0.0)
        self._guess = scale * ndtri(GUESS)
        self.sound_truth = ndtr(self.level / whole)
        self.truth = (1 - self.collapse) * self.sound_truth + self.collapse * ndtr(self._guess / whole)
        self._easy = self._normal(POOL if cell.resampled else cell.validation, scale=IMAGE)
        self._easy_for: dict[int, Floats] = {}
        self._explored: Floats = np.zeros(0)

    def explore(self) -> Floats:
        """Train every configuration once: validation accuracies [configurations], all on the same images."""
        images = self._easy[: self.cell.validation]
        reached = np.where(self._rng.random(CONFIGURATIONS) < self.collapse, self._guess, self.level)
        level = reached + self.seed_noise * self._rng.standard_normal(CONFIGURATIONS)
        level = level.astype(np.float32) + self._normal(1, scale=self.shared_noise)
        # X and E in one draw; X of the finalists is drawn later, given their sum.
        self._explored = self._normal((CONFIGURATIONS, len(images)), scale=math.hypot(IMAGE_OF_CONFIGURATION, 1))
        right: Floats = (self._explored > -(level[:, None] + images)).mean(axis=1)
        return right

    def train(self, finalists: tuple[int, ...], repeats: int) -> dict[int, NDArray[np.bool_]]:
        """Train some configurations from the same fresh seeds: validation answers [repeats, images] of each."""
        for k in finalists:
            if k not in self._easy_for:
                self._easy_for[k] = self._easy + self._ease_given_exploration(k)
        shared = self._normal((repeats, 1), scale=self.shared_noise)
        images = self._images(repeats)
        return {
            k: self._answers(
                self._reached(k, repeats) + shared + self._normal((repeats, 1), scale=self.seed_noise[k]),
                self._easy_for[k][images],
            )
            for k in finalists
        }

    def test(self, k: int, *, repeats: int, images: int) -> tuple[NDArray[np.bool_], float]:
        """Train a configuration from fresh seeds and ask it for fresh images.

        Returns:
            Its answers [repeats, images], and how much of their mean is due to the draw of these seeds and of these
            images: a number of mean 0 exactly, whatever is done with the answers, which makes the bias plainer to see.
        """
        seed = self._normal((repeats, 1), scale=math.hypot(self.seed_noise[k], self.shared_noise))
        easy = self._normal(images, scale=math.hypot(IMAGE, IMAGE_OF_CONFIGURATION))
        seed_scale = math.sqrt(1 + self.seed_noise[k] ** 2 + self.shared_noise**2)
        image_scale = math.sqrt(1 + IMAGE**2 + IMAGE_OF_CONFIGURATION**2)
        level = self._reached(k, repeats) + seed
        shares = ((1 - self.collapse[k], self.level[k]), (self.collapse[k], self._guess))
        luck = ndtr(level / image_scale).mean()
        luck += sum(share * ndtr((mean + easy) / seed_scale).mean() for share, mean in shares if share)
        return self._answers(level, easy), float(luck - 2 * self.truth[k])

    def _reached(self, k: int, repeats: int) -> Floats:
        """Draw the level of a configuration from some seeds [repeats, 1]: its own, or that of a guess."""
        return np.where(self._rng.random((repeats, 1)) < self.collapse[k], self._guess, self.level[k])

    def _images(self, repeats: int) -> NDArray[np.intp] | slice:
        if not self.cell.resampled:
            return slice(None)
        return np.array([self._rng.permutation(POOL)[: self.cell.validation] for _ in range(repeats)])

    def _ease_given_exploration(self, k: int) -> Floats:
        """Draw X for all images, on those explored given the sum of X and E there."""
        share = IMAGE_OF_CONFIGURATION**2 / (IMAGE_OF_CONFIGURATION**2 + 1)
        ease = self._normal(len(self._easy), scale=IMAGE_OF_CONFIGURATION)
        n = self.cell.validation
        ease[:n] = ease[:n] * math.sqrt(1 - share) + share * self._explored[k]
        return ease

    def _answers(self, level: Floats, easy: Floats) -> NDArray[np.bool_]:
        """Answer images of an ease [images] or [repeats, images] at a level [repeats, 1]."""
        rest = self._rng.standard_normal((len(level), easy.shape[-1]), dtype=np.float32)
        answers: NDArray[np.bool_] = rest > -(level.astype(np.float32) + easy)
        return answers

    def _normal(self, shape: int | tuple[int, ...], *, scale: float) -> Floats:
        return self._rng.standard_normal(shape, dtype=np.float32) * np.float32(scale)
