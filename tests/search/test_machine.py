"""What made a number is named, and told apart where it may compute otherwise."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from search.machine import ARITHMETIC_VARIABLES, arithmetic, describe_machine, processor_name


def test_a_machine_is_described_by_its_processor_and_versions():
    text = describe_machine(["numpy"])
    assert processor_name() in text
    assert f"numpy {version('numpy')}" in text


@pytest.mark.parametrize("variable", ARITHMETIC_VARIABLES)
def test_instructions_that_are_left_unused_make_other_arithmetic(monkeypatch, variable):
    usual = arithmetic.__wrapped__()
    assert processor_name() in usual
    assert usual == arithmetic.__wrapped__()
    monkeypatch.setenv(variable, "AVX2")
    assert arithmetic.__wrapped__() != usual
