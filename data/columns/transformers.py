"""scikit-learn's transformers with what was learnt, made from plain values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from packtune.data.columns.prepared import NumberColumn, WordColumn

OTHER_WORD = "\0"
"""Stands for rare words. No word of a table is equal to it, as words are in one line."""


def imputer_of(columns: Sequence[NumberColumn]) -> SimpleImputer:
    """Make the imputer of these columns; it adds a flag for each that had gaps.

    It is fitted to a row of medians and a row with the gaps: the median of one number is that number.
    """
    medians = np.array([column.median for column in columns])
    gaps = np.where([column.has_gaps for column in columns], np.nan, medians)
    return SimpleImputer(strategy="median", add_indicator=True).fit(np.stack([medians, gaps]))


def scaler_of(columns: Sequence[NumberColumn]) -> StandardScaler:
    """Make the scaler of these columns."""
    scaler = StandardScaler()
    scaler.mean_ = np.array([column.mean for column in columns])
    scaler.scale_ = np.array([column.scale for column in columns])
    scaler.var_ = np.square(scaler.scale_)
    scaler.n_features_in_ = len(columns)
    scaler.n_samples_seen_ = 1
    return scaler


def encoder_of(columns: Sequence[WordColumn]) -> OneHotEncoder:
    """Make the encoder of these columns.

    It is fitted to each word twice, and once to a word that stands for all rare ones where there is a place for them.
    """
    examples = [[*column.words, *column.words, *([OTHER_WORD] if column.has_others else [])] for column in columns]
    n = max(map(len, examples))
    # Columns of unequal lengths are filled up with their own words, which are not made rarer by that.
    filled = [found + [found[0]] * (n - len(found)) for found in examples]
    encoder = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=2, sparse_output=False, dtype=np.float32
    )
    return encoder.fit(np.array(filled, dtype=object).T)
