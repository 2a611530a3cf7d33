"""What made a number is named, and told apart where it may compute otherwise."""

from __future__ import annotations

from importlib.metadata import version

from packtune.machine import describe_machine, processor_name


def test_a_machine_is_described_by_its_processor_and_versions():
    text = describe_machine(["numpy"])
    assert processor_name() in text
    assert f"numpy {version('numpy')}" in text
