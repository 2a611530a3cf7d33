"""One tree of errors: drawn where they are defined, one root, and each survives the way to another process."""

from __future__ import annotations

import inspect
import pickle

import pytest

from packtune import errors

ALL = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, Exception)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_the_one_root_is_drawn_in_the_tree_and_survives_pickling(kind):
    error = kind("what, given, allowed, what to do")
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, errors.PacktuneError)
    assert type(copy) is kind
    assert str(copy) == "what, given, allowed, what to do"
    depth = len(kind.__mro__) - len(errors.PacktuneError.__mro__)
    (line,) = [line for line in errors.__doc__.splitlines() if f" {kind.__name__} " in f"{line} "]
    assert line.index(kind.__name__) == 4 * (depth + 1)
