"""Model files: a trained network, with all that is needed to use it, in a file without code.

There are two formats: that of PyTorch, which `torch.load(weights_only=True)` reads too, and safetensors.
"""

from __future__ import annotations

import warnings

from packtune.errors import ExportError, ModelFileError, NetworkError
from packtune.models.saved.checks import show
from packtune.models.saved.content import FIRST_VERSION, FORMAT, FORMAT_VERSION, rebuild
from packtune.models.saved.safe_tensors import from_safetensors, is_safetensors
from packtune.models.saved.torch_zip import from_torch_zip
from packtune.models.saved.torch_zip import to_torch_zip as model_to_bytes
from packtune.models.trained_model import TrainedModel

__all__ = ["TrainedModel", "model_from_bytes", "model_to_bytes"]


def model_from_bytes(content: bytes, *, source: str) -> TrainedModel:
    """Rebuild a model from the content of a model file, of either format. No code in the file is run.

    Args:
        content: the bytes of the file.
        source: the name of the file, for the error message.

    Raises:
        ModelFileError: the content is no model file of this version.
        NetworkError: it is a network of the user's own that is not known in this process, or cannot be built.
        ExportError: the package that reads the format is missing.
    """
    # For a damaged file, PyTorch may raise any of a dozen types of error, and print warnings that do not help.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            values = from_safetensors(content) if is_safetensors(content) else from_torch_zip(content)
        except ExportError:
            raise
        except Exception as error:
            raise ModelFileError(_no_model(source, "it cannot be loaded")) from error
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise ModelFileError(_no_model(source, "it has another format"))
        version = values.get("version")
        if type(version) is not int or version not in (FIRST_VERSION, FORMAT_VERSION):
            raise ModelFileError(_no_model(source, f"its version is {show(repr(version))}, not {FORMAT_VERSION}"))
        try:
            return rebuild(values, max_bytes=len(content))
        except NetworkError:
            raise
        except Exception as error:
            raise ModelFileError(_no_model(source, f"its content is inconsistent ({show(error)})")) from error


def _no_model(source: str, why: str) -> str:
    return f"{source} is no model file: {why}. Give a file that `packtune best RUN --export FILE` has written"
