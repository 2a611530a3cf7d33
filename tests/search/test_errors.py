import pickle

import pytest

from packtune import errors


@pytest.mark.parametrize("name", ["UnknownDataset", "MissingFiles", "CorruptFile", "DownloadFailed"])
def test_every_error_is_a_data_error_and_survives_pickling(name):
    error = getattr(errors, name)("what, given, allowed, do")
    copy = pickle.loads(pickle.dumps(error))
    assert isinstance(copy, errors.DataError)
    assert type(copy) is type(error)
    assert str(copy) == "what, given, allowed, do"
    assert name in (errors.DataError.__doc__ or "")
