"""What a name means: a built-in data set comes before a folder of the same name, and says so."""

from __future__ import annotations

from packtune.data.options import DataOptions
from packtune.report.live.progress import SilentView
from packtune.run.own.finding import find_data


class Told(SilentView):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


def test_a_folder_with_the_name_of_a_built_in_data_set_is_told_how_to_be_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    view = Told()
    assert find_data("digits", DataOptions(), view).prepared is None
    assert view.said == []
    (tmp_path / "digits").mkdir()
    assert find_data("digits", DataOptions(), view).prepared is None
    assert len(view.said) == 1
    assert "give ./digits" in view.said[0]
