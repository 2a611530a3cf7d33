"""Files of tables made at random go the whole way to arrays, or get an error that a person can mend."""

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from packtune.data.columns.learning import learn
from packtune.data.options import DataOptions
from packtune.data.reading.tables import read_table
from packtune.data.splitting.classes import number_classes
from packtune.data.splitting.splits import split
from packtune.errors import PacktuneError

SETTINGS = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def prepare(path, options):
    """Go the whole way; give the splits, their arrays and the table."""
    raw = read_table(path, options)
    classes = number_classes(raw)
    splits = split(raw, classes, options)
    table = raw.splits["train"].inputs
    if isinstance(table, np.ndarray):
        return splits, {name: table[part.rows] for name, part in splits.parts.items()}, table
    preparation = learn(table.iloc[splits.train.rows])
    return splits, {name: preparation.transform(table.iloc[part.rows]) for name, part in splits.parts.items()}, table


@given(content=st.binary(max_size=200), header=st.sampled_from([b"", b"a,b\n", b"a;b\n", b"label,pixel0\n"]))
@SETTINGS
def test_any_bytes_are_a_table_or_refused(tmp_path, content, header):
    for name in ("t.csv", "t.tsv", "t.csv.gz", "t.parquet"):
        (tmp_path / name).write_bytes(header + content)
        try:
            prepare(tmp_path / name, DataOptions(target=("b",)))
        except PacktuneError as error:
            assert len(str(error)) > 20


VALUES = st.sampled_from(
    ["", "1", "2", "-3.5", "1e999", "inf", "nan", "True", "false", "a", "b", " b", "ä", '"q,r"', "2020-01-01", "1,5"]
)


@given(st.data())
@SETTINGS
def test_any_text_table_gives_finite_arrays_without_a_leak(tmp_path, data):
    n = data.draw(st.integers(9, 40))
    columns = data.draw(st.dictionaries(st.text(max_size=3), st.lists(VALUES, min_size=n, max_size=n), max_size=4))
    target = data.draw(st.lists(st.sampled_from(["x", "y", "z"]), min_size=n, max_size=n))
    pd.DataFrame({**columns, "what": target}).to_csv(tmp_path / "t.csv", index=False)
    try:
        splits, arrays, table = prepare(tmp_path / "t.csv", DataOptions(target=("what",)))
    except PacktuneError as error:
        assert len(str(error)) > 20
        return
    assert np.array_equal(np.sort(np.concatenate([part.rows for part in splits.parts.values()])), np.arange(len(table)))
    for array in arrays.values():
        assert array.dtype == np.float32 and array.shape[1] >= 1 and np.isfinite(array).all()
