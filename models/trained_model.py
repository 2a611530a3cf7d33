"""A trained network, with all that is needed to use it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from packtune.data.catalog import framing_of
from packtune.data.description import PLAIN, Head, Scaling
from packtune.data.preparation import batch
from packtune.data.preparation.batch import GivenImages, Prepare, Prepared, leave
from packtune.errors import suggest_name
from packtune.models.configuration import Configuration
from packtune.models.training.loss import absent_outputs, without_absent
from packtune.models.training.metrics.catalog import Metric

NO_LABEL = -1
"""Given to an image that shows nothing."""
LABELLED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """The labels of examples.

    Attributes:
        labels: int64 [n, heads], from 0 to the number of the head's classes - 1; -1 for an example that gets none.
        probabilities: float64 [n, heads, classes], of each class, by the network; those of a class that there is not
            are 0, and not a number for an example that gets no label.
    """

    labels: Tensor
    probabilities: Tensor

    @property
    def joint(self) -> Tensor:
        """What the network holds likely of the labels of all heads together: float64 [n], 0 to 1."""
        return self.probabilities.amax(2).prod(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """A trained plain network, with all that is needed to rebuild and to use it.

    Attributes:
        network: inputs float32 [n, *input_shape], scaled -> logits float32 [n, heads * classes].
        configuration: of the network.
        input_shape: of one input: (channels, height, width) of an image, (columns,) of a row.
        heads: what each label means.
        scaling: how the bytes of images become inputs.
        preparation: how new examples are made like those of the training, see `packtune.data.dataset.Dataset`.
        trained_on: the name of the data set.
        epochs: epochs that the network was trained for.
        trial: the number of the trial in its search.
        seed: of the initial weights.
        validation_accuracy: share of validation examples with every head right, 0 to 1; none if the network learned
            from them too. Of an ensemble it is the mean of those of its networks.
        metric: that the search went by.
        validation_score: by that metric, on the same examples; none for accuracy.
        members: the seeds of the networks of an ensemble, of which `seed` is the first; empty for a single network.
    """

    network: nn.Module
    configuration: Configuration
    input_shape: tuple[int, ...]
    heads: tuple[Head, ...]
    scaling: Scaling = PLAIN
    preparation: str = ""
    trained_on: str
    epochs: int
    trial: int
    seed: int
    validation_accuracy: float | None
    metric: Metric = Metric.ACCURACY
    validation_score: float | None = None
    members: tuple[int, ...] = ()

    @property
    def merit(self) -> float:
        """What its score on validation is compared by: 0 to 1, larger is better; 0 if it has none."""
        if self.validation_score is not None:
            return self.metric.merit(self.validation_score)
        return self.validation_accuracy or 0.0

    @property
    def head_names(self) -> tuple[str, ...]:
        """What each label means, in words."""
        return tuple(head.name for head in self.heads)

    @property
    def classes(self) -> int:
        """The largest number of classes of a head."""
        return max(len(head.classes) for head in self.heads)

    def predict(self, inputs: object, *, prepare: str = Prepare.AUTO) -> Tensor:
        """Label examples.

        Args:
            inputs: for a network that was trained on data of the user's own, what it was trained on: images [n, height,
                width], [n, height, width, channels] or [n, channels, height, width], uint8 or with the levels of those
                for training; rows [n, columns]; or a DataFrame, of which targets and unknown columns are ignored. For
                one that was trained on a built-in data set, images [n, any height, any width], pixels from 0, perhaps
                with an axis of one channel; or n arrays of any sizes.
            prepare: of images for a network that was trained on a built-in data set: "auto" to make them like those
                that it was trained on, where they are not; "none" to take uint8 [n, height, width] as they are, light
                on black.

        Returns:
            int64 [n, heads], from 0 to the number of the head's classes - 1, whose names `heads` has; -1 for an image
            that is blank.

        Raises:
            ValueError: the images are no pixels; or they are not prepared and have another type or another size than
                those the network was trained on.
            DataError: the examples do not fit data of the user's own.
        """
        if self.preparation:
            return self.label(self._prepare_own(inputs)).labels
        images: Tensor | GivenImages = inputs  # type: ignore[assignment]  # checked in the next step
        prepared = self.prepare(images, prepare=prepare)
        return self.label(torch.tensor(prepared.images).unsqueeze(1), torch.tensor(prepared.has_label)).labels

    def prepare(self, images: Tensor | GivenImages, *, prepare: str = Prepare.AUTO) -> Prepared:
        """Prepare grey images for `label`, which wants an axis of one channel; see `predict`."""
        given = images.numpy() if isinstance(images, Tensor) else images
        given = [image[0] if image.ndim == 3 and len(image) == 1 else image for image in given]
        if prepare not in list(Prepare):
            raise ValueError(f"unknown preparation {prepare!r}.{suggest_name(prepare, Prepare)}")
        _, height, width = self.input_shape
        if prepare == Prepare.NONE:
            return leave(given, height=height, width=width)
        return batch.prepare(given, height=height, width=width, framing=framing_of(self.trained_on, height, width))

    def _prepare_own(self, inputs: object) -> Tensor:
        """Prepare examples as the data of the user's own were."""
        # Needs pandas and scikit-learn, and only such models do.
        from packtune.data.unseen.arrays import prepare_objects
        from packtune.data.unseen.examples import wanted_by

        return torch.from_numpy(prepare_objects(inputs, wanted_by(self.preparation, self.heads, self.scaling)))

    @torch.inference_mode()
    def label(self, inputs: Tensor, has_label: Tensor | None = None) -> Labels:
        """Label inputs that were prepared.

        Args:
            inputs: images uint8 [n, channels, height, width], or rows float32 [n, columns].
            has_label: bool [n], false for an input that gets no label; none where all get one.
        """
        scores = self.logits(inputs)
        has_label = torch.ones(len(inputs), dtype=torch.bool) if has_label is None else has_label
        return Labels(
            labels=torch.where(has_label[:, None], scores.argmax(2), NO_LABEL),
            probabilities=torch.where(has_label[:, None, None], scores.double().softmax(2), torch.nan),
        )

    @torch.inference_mode()
    def logits(self, inputs: Tensor) -> Tensor:
        """Give the logits of inputs that were prepared: float32 [n, heads, classes], minus infinity for no class.

        Args:
            inputs: see `label`.
        """
        self.network.eval()
        logits = torch.cat([self.network(self._scale(chunk)) for chunk in inputs.split(LABELLED_AT_ONCE)])
        absent = absent_outputs(self.heads, logits.device)
        scores: Tensor = without_absent(logits.t(), absent).t().unflatten(1, (len(self.heads), self.classes))
        return scores

    def _scale(self, inputs: Tensor) -> Tensor:
        if inputs.dtype != torch.uint8:
            return inputs
        factors, offsets = (torch.tensor(v).view(-1, 1, 1) for v in (self.scaling.factors, self.scaling.offsets))
        return inputs.float().mul_(factors).add_(offsets)
