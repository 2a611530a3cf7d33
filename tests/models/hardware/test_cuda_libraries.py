"""The settings of PyTorch's CUDA libraries, which can be read and written without a GPU."""

from __future__ import annotations

import pytest
import torch

from packtune.models.hardware.cuda_libraries import library_settings


def settings():
    cudnn = torch.backends.cudnn
    products, convolutions = torch.backends.cuda.matmul.fp32_precision, cudnn.conv.fp32_precision
    return products, convolutions, cudnn.deterministic, cudnn.benchmark


@pytest.mark.parametrize(("tf32", "precision"), [(False, "ieee"), (True, "tf32")])
def test_exact_and_repeatable_inside_and_as_before_outside(tf32, precision):
    before = settings()
    with library_settings(torch.device("cuda"), tf32=tf32):
        assert settings() == (precision, precision, True, False)
    assert settings() == before


def test_put_back_after_an_error():
    before = settings()
    with pytest.raises(KeyError), library_settings(torch.device("cuda"), tf32=True):
        raise KeyError
    assert settings() == before


def test_a_processor_has_none():
    before = settings()
    with library_settings(torch.device("cpu"), tf32=True):
        assert settings() == before
