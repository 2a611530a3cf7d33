"""Runs made from flat settings, as their file has them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from packtune.run.folder import RunFolder
from packtune.settings import Resources, SearchPlan, Settings


def settings_of(name="x", **values):
    """Make settings; each value goes where its field is."""
    plan = {field.name for field in dataclasses.fields(SearchPlan)}
    return Settings(
        name=name,
        plan=SearchPlan(**{key: value for key, value in values.items() if key in plan}),
        resources=Resources(**{key: value for key, value in values.items() if key not in plan}),
    )


@pytest.fixture(scope="session")
def make_settings():
    """Give the function that makes settings."""
    return settings_of


@pytest.fixture(scope="session")
def make_folder():
    """Give the function that makes the folder of a new run: (results, name, settings) -> folder."""

    def make(results, name, **values):
        folder = RunFolder(results, name)
        settings = settings_of(name, **values)
        is_file = settings.plan.space.endswith(".toml")
        folder.create(settings, Path(settings.plan.space).read_bytes() if is_file else None)
        return folder

    return make
