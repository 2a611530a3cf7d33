"""Two ways to compute the convolutions of all members and their gradients: by the library, and by matrix products."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

aten = torch.ops.aten


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """How filters move over a map.

    Attributes:
        stride, padding, dilation: (rows, columns) each, as in `torch.nn.Conv2d`.
        shared_input: whether the input is images that all members share; otherwise it is maps, some of each member.
        depthwise: whether each filter sees only the channel of its own number.
    """

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    shared_input: bool
    depthwise: bool = False


class Convolution(ABC):
    """A way to compute the convolutions of all members. All ways give the same numbers up to rounding.

    Images are [batch, channels, rows, columns], maps [batch, members * channels, rows, columns], weights
    [members, filters, channels, kernel rows, kernel columns] and biases [members, filters], all of one dtype.
    """

    @abstractmethod
    def forward(self, geometry: Geometry, values: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the output maps, channels-last, and the tensor that `backward` needs besides the weights."""

    @abstractmethod
    def backward(
        self,
        geometry: Geometry,
        gradient: Tensor,
        saved: Tensor,
        shape: torch.Size,
        weight: Tensor,
        *,
        needs_input: bool,
    ) -> tuple[Tensor | None, Tensor, Tensor]:
        """Compute the gradients of the input (None unless `needs_input`), of the weights and of the biases.

        Args:
            gradient: of the output maps.
            saved: the second tensor that `forward` returned.
            shape: of the input.
        """


class LibraryConvolution(Convolution):
    """PyTorch's own convolution. On maps, each member is one group, or each channel if it is depthwise."""

    def forward(self, geometry: Geometry, values: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        values = values.to(memory_format=torch.channels_last)
        maps = functional.conv2d(
            values,
            _filters(weight),
            bias.view(-1),
            geometry.stride,
            geometry.padding,
            geometry.dilation,
            _groups(geometry, weight),
        )
        return maps, values

    def backward(
        self,
        geometry: Geometry,
        gradient: Tensor,
        saved: Tensor,
        shape: torch.Size,
        weight: Tensor,
        *,
        needs_input: bool,
    ) -> tuple[Tensor | None, Tensor, Tensor]:
        members, filters = weight.shape[:2]
        values, weights, biases = aten.convolution_backward(
            gradient,
            saved,
            _filters(weight),
            [members * filters],
            geometry.stride,
            geometry.padding,
            geometry.dilation,
            False,
            [0, 0],
            _groups(geometry, weight),
            [needs_input, True, True],
        )
        return values, weights.reshape(weight.shape), biases.view(members, filters)


class UnfoldedConvolution(Convolution):
    """Matrix products of filters and unfolded maps: the maps become one row of inputs for each output pixel.

    Not for depthwise convolutions.

    The unfolded maps need as many times the memory of the maps as a kernel has pixels. In return, the convolution is
    one large product, and gradients are summed in the same order every time. See "High Performance Convolutional
    Neural Networks for Document Processing" (Chellapilla, Puri and Simard 2006).

    Sizes in the comments: g groups (one if the input is shared, else one for each member), p = batch * rows * columns
    output pixels, t = kernel rows * kernel columns * channels, f filters of all members in a group.
    """

    def forward(self, geometry: Geometry, values: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        members, filters = weight.shape[:2]
        grid = _grid(geometry, values.shape, weight)
        unfolded = _unfold(geometry, values, weight, grid)  # [g, p, t]
        matrix = _matrix(geometry, weight)  # [g, f, t]
        products = torch.baddbmm(bias.view(len(matrix), 1, -1), unfolded, matrix.transpose(1, 2))  # [g, p, f]
        maps = products.view(len(matrix), len(values), *grid, -1).permute(1, 2, 3, 0, 4)  # [batch, rows, columns, g, f]
        return maps.reshape(len(values), *grid, members * filters).permute(0, 3, 1, 2), unfolded

    def backward(
        self,
        geometry: Geometry,
        gradient: Tensor,
        saved: Tensor,
        shape: torch.Size,
        weight: Tensor,
        *,
        needs_input: bool,
    ) -> tuple[Tensor | None, Tensor, Tensor]:
        members, filters, channels, *kernel = weight.shape
        pixels = gradient.permute(0, 2, 3, 1).unflatten(3, (len(saved), -1))  # [batch, rows, columns, g, f]
        pixels = pixels.permute(3, 0, 1, 2, 4).reshape(len(saved), saved.shape[1], -1)  # [g, p, f]
        weights = torch.bmm(pixels.transpose(1, 2), saved)  # [g, f, t]
        weights = weights.view(members, filters, *kernel, channels).permute(0, 1, 4, 2, 3)
        values = None
        if needs_input:
            values = _fold(geometry, torch.bmm(pixels, _matrix(geometry, weight)), shape, weight, gradient.shape[2:])
        return values, weights.contiguous(), pixels.sum(1).view(members, filters)


LIBRARY = LibraryConvolution()
UNFOLDED = UnfoldedConvolution()


def choose_convolution(device: torch.device, members: int, geometry: Geometry) -> Convolution:
    """Choose the faster way by a rule and not by a measurement, so that every run gives the same numbers.

    GPU libraries are made for the large convolutions of one network. Many small networks have few channels in a group,
    and images have few channels. There, products over unfolded maps are faster: a step of one CNN takes 5% less time
    if its first convolution is unfolded, and 8% more if its second is (batch 128, bfloat16, H200).
    """
    if geometry.depthwise:
        return LIBRARY  # the only one that can compute it
    return UNFOLDED if device.type == "cuda" and (members > 1 or geometry.shared_input) else LIBRARY


def as_pair(value: int | tuple[int, ...]) -> tuple[int, int]:
    """Give (rows, columns) of a size that may be one number for both."""
    rows, columns = (value, value) if isinstance(value, int) else value
    return rows, columns


def _filters(weight: Tensor) -> Tensor:
    return weight.flatten(0, 1).to(memory_format=torch.channels_last)


def _groups(geometry: Geometry, weight: Tensor) -> int:
    if geometry.depthwise:
        return weight.shape[0] * weight.shape[1]
    return 1 if geometry.shared_input else len(weight)


def _matrix(geometry: Geometry, weight: Tensor) -> Tensor:
    """Reshape weights to [g, f, t]. Channels are the last axis in t, as they are in the memory of the maps."""
    matrix = weight.permute(0, 1, 3, 4, 2).reshape(*weight.shape[:2], -1)
    return matrix.flatten(0, 1).unsqueeze(0) if geometry.shared_input else matrix


def _grid(geometry: Geometry, shape: torch.Size, weight: Tensor) -> tuple[int, int]:
    """Compute the number of rows and columns of the output."""
    rows, columns = (
        (shape[2 + axis] + 2 * geometry.padding[axis] - geometry.dilation[axis] * (weight.shape[3 + axis] - 1) - 1)
        // geometry.stride[axis]
        + 1
        for axis in (0, 1)
    )
    return rows, columns


def _unfold(geometry: Geometry, values: Tensor, weight: Tensor, grid: tuple[int, int]) -> Tensor:
    """Copy the inputs of each output pixel into a row: [batch, g * channels, rows, columns] -> [g, p, t]."""
    pixels = values.permute(0, 2, 3, 1)  # [batch, rows, columns, g * channels]
    (above, left), channels = geometry.padding, weight.shape[2]
    if above or left:
        pixels = functional.pad(pixels, (0, 0, left, left, above, above))
    groups = pixels.shape[3] // channels
    sizes = (groups, len(pixels), *grid, *weight.shape[3:], channels)
    batch, row, column, channel = pixels.stride()
    down, right = row * geometry.stride[0], column * geometry.stride[1]
    steps = (row * geometry.dilation[0], column * geometry.dilation[1])
    seen = pixels.as_strided(sizes, (channel * channels, batch, down, right, *steps, channel), pixels.storage_offset())
    return seen.reshape(groups, len(pixels) * grid[0] * grid[1], -1)


def _fold(geometry: Geometry, unfolded: Tensor, shape: torch.Size, weight: Tensor, grid: torch.Size) -> Tensor:
    """Sum the rows into the input pixels they came from: [g, p, t] -> [batch, g * channels, rows, columns]."""
    batch, planes, rows, columns = shape
    (above, left), groups = geometry.padding, len(unfolded)
    parts = unfolded.view(groups, batch, *grid, *weight.shape[3:], -1).permute(1, 2, 3, 0, 6, 4, 5)
    total = unfolded.new_zeros(batch, rows + 2 * above, columns + 2 * left, groups, planes // groups)
    for i in range(weight.shape[3]):
        for j in range(weight.shape[4]):
            total[:, _seen(geometry, 0, i, grid), _seen(geometry, 1, j, grid)] += parts[..., i, j]
    inner = total[:, above : above + rows, left : left + columns].flatten(3)
    return inner.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def _seen(geometry: Geometry, axis: int, offset: int, grid: torch.Size) -> slice:
    """Select the rows (axis 0) or columns (axis 1) of the padded input under the kernel's row or column `offset`."""
    start, step = offset * geometry.dilation[axis], geometry.stride[axis]
    return slice(start, start + step * (grid[axis] - 1) + 1, step)
