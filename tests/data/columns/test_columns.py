"""Columns are prepared by what training says, the same after a file, and whatever a table holds."""

import datetime
import decimal
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from palmerpenguins import load_penguins
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.preprocessing import StandardScaler

from packtune.data.columns.learning import learn
from packtune.data.columns.preparation import ColumnPreparation
from packtune.errors import CorruptFile, DataError, PacktuneError


@pytest.fixture(scope="module")
def penguins():
    return load_penguins().drop(columns="species")


def through_json(preparation):
    return ColumnPreparation.from_plain(json.loads(json.dumps(preparation.to_plain(), allow_nan=False)))


def test_numbers_words_and_gaps_of_the_penguins(penguins):
    preparation = learn(penguins)
    assert preparation.names == (
        "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year",
        "bill_length_mm is missing", "bill_depth_mm is missing", "flipper_length_mm is missing",
        "body_mass_g is missing",
        "island=Biscoe", "island=Dream", "island=Torgersen",
        "sex=(missing)", "sex=female", "sex=male",
    )  # fmt: skip
    prepared = preparation.transform(penguins)
    assert prepared.dtype == np.float32 and prepared.shape == (344, 15) and np.isfinite(prepared).all()
    np.testing.assert_allclose(prepared[:, :5].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(prepared[:, :5].std(0), 1, rtol=1e-6)
    assert np.array_equal(prepared[:, 5], penguins["bill_length_mm"].isna())
    assert np.array_equal(prepared[:, 14], penguins["sex"] == "male")
    assert "Missing numbers take the median" in preparation.notes[0]


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer])
def test_numbers_are_standardised_as_scikit_learn_does(load):
    frame = load(as_frame=True).data
    expected = StandardScaler().fit(frame[:100]).transform(frame)
    np.testing.assert_array_equal(learn(frame[:100]).transform(frame), expected.astype(np.float32))


def test_a_file_changes_no_byte(penguins):
    preparation = learn(penguins[:200])
    assert through_json(preparation) == preparation
    assert through_json(preparation).transform(penguins).tobytes() == preparation.transform(penguins).tobytes()


def test_only_training_counts(penguins):
    preparation = learn(penguins[:150])
    changed = penguins.copy()
    changed.loc[150:, "body_mass_g"] = 1e9
    assert learn(changed[:150]) == preparation


def test_rows_are_prepared_alone(penguins):
    preparation = learn(penguins)
    together = preparation.transform(penguins)
    alone = np.concatenate([preparation.transform(penguins[row : row + 1]) for row in range(20)])
    assert alone.tobytes() == together[:20].tobytes()


def test_the_order_of_columns_does_not_matter(penguins):
    preparation = learn(penguins)
    other = penguins[penguins.columns[::-1]].assign(species="Adelie")
    assert preparation.transform(other).tobytes() == preparation.transform(penguins).tobytes()
    assert preparation.ignored(other) == ("species",) and preparation.ignored(penguins) == ()


def test_a_gap_that_training_had_not_gets_the_median():
    preparation = learn(pd.DataFrame({"x": [1.0, 2.0, 6.0]}))
    assert preparation.names == ("x",)
    gap, median = preparation.transform(pd.DataFrame({"x": [np.nan, 2.0]}))
    assert gap == median


def test_unseen_words_have_a_place():
    train = pd.DataFrame({"w": ["a"] * 5 + ["b"] * 5 + ["c"]})
    preparation = learn(train)
    assert preparation.names == ("w=a", "w=b", "w=(other)")
    new = pd.DataFrame({"w": ["b", "c", "z", None]})
    assert preparation.transform(new).tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]
    without = learn(train[:10])
    assert without.transform(new).tolist() == [[0, 1], [0, 0], [0, 0], [0, 0]]


def test_many_words_are_shortened_and_said():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"city": [f"town {n}" for n in rng.geometric(0.01, 3_000)], "x": rng.normal(size=3_000)})
    preparation = learn(frame)
    assert len(preparation.names) == 33 and preparation.names[-1] == "city=(other)"
    assert "'city' (" in preparation.notes[-1] and "most frequent" in preparation.notes[-1]
    np.testing.assert_array_equal(preparation.transform(frame)[:, 1:].sum(1), 1)


def test_what_says_nothing_is_left_out_by_name():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "Unnamed: 0": rng.permutation(500)[:100],
            "patient_id": rng.integers(10**7, size=100),
            "name": [f"person {n}" for n in range(100)],
            "same": 3,
            "one": "word",
            "empty": np.nan,
            "lists": [[n] for n in range(100)],
            "income": rng.integers(10**7, size=100),
            "x": rng.normal(size=100),
        }
    )
    preparation = learn(frame)
    assert preparation.names == ("income", "x")
    assert preparation.notes == (
        "Left out are columns which look like names or numbers of the rows: 'Unnamed: 0', 'patient_id', 'name'.",
        "Left out are columns with one value only: 'same', 'one'.",
        "Left out are columns without any value: 'empty'.",
        "Left out are columns whose values are neither numbers, words nor dates: 'lists'.",
    )
    assert preparation.transform(frame[["x", "income"]]).shape == (100, 2)


def test_a_few_words_among_numbers_are_gaps():
    frame = pd.DataFrame({"income": [*(f"{n}.5" for n in range(40)), "unknown", " refused"]})
    preparation = learn(frame)
    assert preparation.names == ("income", "income is missing")
    assert preparation.notes[1] == "Words in columns of numbers count as missing: 'income' ('refused', 'unknown')."
    prepared = preparation.transform(frame)
    assert prepared[:, 1].tolist() == [0] * 40 + [1] * 2
    assert through_json(preparation).transform(frame).tobytes() == prepared.tobytes()
    with pytest.raises(DataError, match="'income' has 'nobody knows' in row 8"):
        preparation.transform(pd.DataFrame({"income": ["1", "nobody knows"]}, index=[6, 7]))


X = [1.5, 2.5, 4.0]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([True, False, True], ["c"]),
        ([True, None, False], ["c", "c is missing"]),
        (pd.array([True, None, False], dtype="boolean"), ["c", "c is missing"]),
        (pd.array([1, None, 3], dtype="Int64"), ["c", "c is missing"]),
        (np.array([2**63 + 5, 1, 2**64 - 1], dtype=np.uint64), ["c"]),
        ([2**70, 2**80, 5], ["c"]),
        ([10**400, 3, 5], ["c", "c is missing"]),
        ([decimal.Decimal("1.5"), decimal.Decimal(2), None], ["c", "c is missing"]),
        ([1e308, -1e308, 1.0], ["c", "c is missing"]),
        ([np.inf, 2.0, 3.0], ["c", "c is missing"]),
        (["1.5", "2", " 3 "], ["c"]),
        (["true", "False", "true"], ["c"]),
        (pd.Categorical(["a", "b", "a"]), ["c=a", "c=(other)"]),
        (pd.Categorical([1, 2, 1]), ["c=1", "c=(other)"]),
        (["a", 1.0, 1], ["c=1", "c=(other)"]),
        (["a\nb", "=2+2", "a\nb"], ["c=a\\nb", "c=(other)"]),
        (["2020-01-01", "2020-01-03", None], ["c", "c is missing"]),
        ([datetime.date(2020, 1, 1), None, datetime.date(2400, 1, 3)], ["c", "c is missing"]),
        (pd.to_datetime(["2020-01-01", "2020-01-03", "2020-01-04"]).tz_localize("Asia/Tokyo"), ["c"]),
        (pd.to_timedelta([1, 2, 4], unit="D"), ["c"]),
        ([1 + 2j, 2j, 3j], []),
        ([b"a", b"b", b"a"], []),
    ],
)  # fmt: skip
def test_columns_of_every_type(values, names):
    frame = pd.DataFrame({"c": values, "x": X})
    preparation = learn(frame)
    assert [name for name in preparation.names if name != "x"] == names
    prepared = preparation.transform(frame)
    assert np.isfinite(prepared).all()
    assert through_json(preparation).transform(frame).tobytes() == prepared.tobytes()


def test_names_that_are_no_words():
    frame = pd.DataFrame({0: [1.0, 2.0, 4.0], (1, "a"): [3.0, 5.0, 6.0]})
    assert learn(frame).transform(frame).shape == (3, 2)


def test_the_same_values_in_other_types_are_the_same():
    frame = pd.DataFrame(
        {"n": [1, 2, 4], "b": [True, False, True], "w": ["1", "x", "1"], "d": ["2020-01-01"] * 2 + ["2021-05-05"]}
    )
    preparation = learn(frame)
    other = pd.DataFrame(
        {
            "n": ["1", "2.0", " 4"],
            "b": ["True", "false", 1],
            "w": pd.Categorical(["1", "x", "1"]),
            "d": pd.to_datetime(frame["d"]),
        }
    )
    assert preparation.transform(other).tobytes() == preparation.transform(frame).tobytes()


def test_a_huge_new_number_stays_finite():
    preparation = learn(pd.DataFrame({"x": [1.0, 1.0 + 1e-9, 1.0]}))
    assert np.isfinite(preparation.transform(pd.DataFrame({"x": [1e99, -1e99, np.inf, 1e308]}))).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns=["year", "sex"]), "lacks columns that training had: 'year', 'sex'. Add"),
        (lambda frame: frame.rename(columns={"year": "Year"}), "'year'. Is 'Year' meant for 'year'"),
        (lambda frame: frame.assign(year=["x"] + ["2007"] * 343), "'year' has 'x' in row 1, but .* a number"),
        (lambda frame: frame.assign(year=[[1]] * 344), "'year' has '.1.' in row 1"),
    ],
)
def test_other_columns_at_prediction_are_told(change, message, penguins):
    with pytest.raises(DataError, match=message):
        learn(penguins).transform(change(penguins))


def test_a_table_that_says_nothing_is_refused():
    with pytest.raises(DataError, match="no column of the table can be used. Left out are columns with one value only"):
        learn(pd.DataFrame({"a": [1, 1], "b": ["x", "x"]}))


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, value) for key in ("numbers", "words") for value in (3, None, [3], [{}], [{"name": "x"}])]
    + [(key, value) for key in ("left_out", "notes") for value in (3, None)],
)
def test_a_damaged_preparation_is_told(key, value, penguins):
    plain = {**learn(penguins).to_plain(), key: value}
    with pytest.raises(CorruptFile, match="is damaged"):
        ColumnPreparation.from_plain(plain)


COLUMNS = st.one_of(
    st.lists(st.floats(), min_size=8, max_size=8),
    st.lists(st.none() | st.integers(), min_size=8, max_size=8),
    st.lists(st.none() | st.booleans(), min_size=8, max_size=8),
    st.lists(st.none() | st.text(max_size=4), min_size=8, max_size=8),
    st.lists(st.none() | st.sampled_from(["a", "b", ""]), min_size=8, max_size=8),
    st.lists(st.none() | st.dates().map(str), min_size=8, max_size=8),
    st.lists(st.none() | st.datetimes(), min_size=8, max_size=8),
    st.lists(st.none() | st.text(max_size=2) | st.floats() | st.booleans() | st.integers(), min_size=8, max_size=8),
)


@given(st.dictionaries(st.text(max_size=3), COLUMNS, min_size=1, max_size=4))
@settings(max_examples=100)
def test_any_table_is_prepared_or_refused(columns):
    frame = pd.DataFrame(columns)
    try:
        preparation = learn(frame[:5])
    except PacktuneError as error:
        assert "no column of the table can be used" in str(error)
        return
    prepared = preparation.transform(frame[:5])
    assert np.isfinite(prepared).all() and prepared.shape == (5, len(preparation.names))
    assert through_json(preparation).transform(frame[:5]).tobytes() == prepared.tobytes()
    try:
        assert np.isfinite(preparation.transform(frame)).all()
    except DataError as error:
        assert "but each value must be" in str(error)
