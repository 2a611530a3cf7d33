"""A run and its folder: the paths of its files, and the lock that keeps a second process out."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from packtune.data.files import readable
from packtune.data.own.facts import ARRAYS, FACTS, ROWS
from packtune.errors import NameTaken, RunError
from packtune.files import TEMPORARY, make_folder, write_bytes
from packtune.models.own.hyperparameters import NetworkSpace, hyperparameters_with
from packtune.proposals.given import NOTHING, Given
from packtune.report.console import program, shell_word
from packtune.run.given.keeping import GIVEN, read_given
from packtune.run.network.facts import FACTS as NETWORK
from packtune.run.network.facts import SOURCE
from packtune.run.overview.lock import held, is_held
from packtune.run.overview.nearby import SETTINGS, instead, is_file, is_one_name
from packtune.run.own.fitting import fit_space
from packtune.run.settings_file import read_settings, write_settings
from packtune.settings import RUN_NAME, Settings
from packtune.space.catalog import is_file as is_space_file
from packtune.space.catalog import load_space, name_now
from packtune.space.change_words import read_changes
from packtune.space.changes import change_space
from packtune.space.joining import with_network
from packtune.space.space import Space


class RunFolder:
    """`RESULTS/runs/NAME/`, or where else the folder of a run was moved to.

    Args:
        results: the folder of all results.
        name: of the run.
        path: of its folder, if it lies elsewhere.

    Attributes:
        name: of the folder, as text. A folder that was renamed or copied is shown by the name that it has now.
    """

    def __init__(self, results: Path, name: str, *, path: Path | None = None) -> None:
        self.name = readable(name)
        self.results = results
        self.path = results / "runs" / name if path is None else path
        self.settings = self.path / SETTINGS
        self.space = self.path / "space.toml"
        self.journal = self.path / "study.journal"
        self.trials_csv = self.path / "trials.csv"
        self.curves_csv = self.path / "curves.csv"
        self.leaderboard_csv = self.path / "leaderboard.csv"
        self.leaderboard_md = self.path / "leaderboard.md"
        self.winner_space = self.path / "winner.toml"
        self.best_model = self.path / "best-model.pt"
        self.winner_model = self.path / "winner-model.pt"
        self.checkpoints = self.path / "checkpoints"
        self.lock = self.path / ".lock"

    @classmethod
    def find(cls, results: Path, run: str) -> RunFolder:
        """Find an existing run by its name, or by its folder's path, wherever that lies.

        Raises:
            RunError: there is none.
        """
        named, path = cls(results, run), Path(run)
        if is_one_name(run) and named._is_there:
            return named
        if is_file(path) and is_file(path.parent / SETTINGS):
            path = path.parent
        if run and cls.at(path)._is_there:
            return cls.at(path)
        raise RunError(f"no run named {readable(run)!r} in {results / 'runs'}.{instead(results, run)}")

    @classmethod
    def at(cls, path: Path) -> RunFolder:
        """Give the folder of a run at a path."""
        full = path.resolve() if path.name in ("", "..") else path
        return cls(full.parent.parent if full.parent.name == "runs" else full.parent, full.name, path=full)

    @property
    def _is_there(self) -> bool:
        """Tell whether the folder is that of a run.

        Raises:
            RunError: it is, and lacks its settings.
        """
        if is_file(self.settings):
            return True
        if is_file(self.journal):
            raise RunError(f"the run {self.name!r} has no {self.settings}: restore that file")
        return False

    def create(
        self, settings: Settings, space: bytes | None = None, keep: Callable[[RunFolder], None] | None = None
    ) -> Settings:
        """Make the folder of a new run and keep its settings.

        The settings are written last, and all at once: a process that is killed before leaves no run, and its name is
        free.

        Args:
            space: the content of the user's own space, to be kept too; none for a built-in one.
            keep: writes what else belongs to the run.

        Returns:
            The settings that are kept, with the run's own id.

        Raises:
            NameTaken: the run exists already, or is being made by another process.
            RunError: the folder cannot be made.
        """
        make_folder(self.path)
        settings = replace(settings, run_id=secrets.token_hex(8), version=version("packtune"))
        # Of two processes that take a name at the same moment, one gets it.
        with held(self.lock, self.name, look=self.command("watch"), taken=NameTaken):
            self._check_free()
            self._remove_parts()
            try:
                if space is not None:
                    write_bytes(self.space, space)
                if keep is not None:
                    keep(self)
                write_settings(settings, self.settings)
            except BaseException:
                self.discard()
                raise
        return settings

    def _check_free(self) -> None:
        """Refuse a folder that has a run.

        Raises:
            NameTaken: it has one, or files of one.
        """
        if self.settings.exists():
            raise NameTaken(
                f"a run named {self.name!r} exists already in {self.path}: choose another --name, or continue it with "
                f"`{self.command('resume')}`"
            )
        if self.has_begun:
            raise NameTaken(f"{self.path} has files of an earlier run: choose another --name, or remove that folder")

    @property
    def is_in_use(self) -> bool:
        """Tell whether a process holds the run; nothing is written."""
        return is_held(self.lock)

    @property
    def has_begun(self) -> bool:
        """Tell whether a search has written to the folder."""
        files = (
            self.journal,
            self.trials_csv,
            self.curves_csv,
            self.leaderboard_csv,
            self.best_model,
            self.winner_space,
        )
        return any(file.exists() for file in files)

    def command(self, name: str, network: NetworkSpace | None = None) -> str:
        """Write a command on this run for a person to paste, such as `packtune resume NAME`.

        Args:
            network: of the user's own, whose file is named where the command builds it.
        """
        model = model_option(network) if name in BUILDING else ""
        if not RUN_NAME.fullmatch(self.name) or self.path != self.results / "runs" / self.name:
            return f"{program()} {name} {shell_word(str(self.path))}{model}"
        where = "" if self.results == Path("results") else f" --results {shell_word(str(self.results))}"
        return f"{program()} {name} {self.name}{where}{model}"

    def load(self) -> Run:
        """Read the run's settings, and its space as it was when the run began."""
        settings = read_settings(self.settings)
        network, name = settings.plan.network, settings.plan.space
        is_copied = is_space_file(name) and self.space.exists()
        space = load_space(str(self.space) if is_copied else name_now(name, settings.version), network)
        if network is not None:
            space = with_network(space, network)
        changes = read_changes(settings.plan.changes, hyperparameters_with(network))
        changed = change_space(space, changes)
        fitted = fit_space(changed, settings.plan.description, [change.name for change in changes])
        return Run(folder=self, settings=settings, space=fitted, new=False, given=read_given(self.path))

    def discard(self) -> None:
        """Remove the folder of a run that never began, unless something else lies in it."""
        with contextlib.suppress(OSError):
            self._remove_parts()
            for path in (self.settings, self.journal, self.lock):
                path.unlink(missing_ok=True)
            self.path.rmdir()

    def _remove_parts(self) -> None:
        """Remove what is written before the settings, such as that of a run that was killed while it was made."""
        self._sweep()
        for path in (self.space, self.path / FACTS, self.path / ROWS, self.path / GIVEN, self.path / NETWORK):
            path.unlink(missing_ok=True)
        for folder in (ARRAYS, SOURCE):
            shutil.rmtree(self.path / folder, ignore_errors=True)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process. The lock is free again as soon as the process ends, for whatever reason.

        Raises:
            RunError: another process holds it, or the folder cannot be written.
        """
        with held(self.lock, self.name, look=self.command("watch")):
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove the temporary files of processes that were killed while they wrote."""
        for left in self.path.glob(f".*{TEMPORARY}"):
            with contextlib.suppress(OSError):
                left.unlink()


BUILDING = ("resume", "best", "predict", "report")
"""Commands that build a network of the user's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run to be started or continued.

    Attributes:
        new: its study does not exist yet.
        given: what the user gave to begin with.
    """

    folder: RunFolder
    settings: Settings
    space: Space
    new: bool
    given: Given = NOTHING

    def command(self, name: str) -> str:
        """Write a command on this run for a person to paste, see `RunFolder.command`."""
        return self.folder.command(name, self.settings.plan.network)


def model_option(network: NetworkSpace | None) -> str:
    """Write the option that names a network of the user's own, after a blank; nothing where no command can name it."""
    return f" --model {shell_word(network.file)}" if network is not None and network.is_of_file else ""


def free_name(results: Path, stem: str) -> str:
    """Find the first of stem-001, stem-002 ... that no run has."""
    number, stem = 1, name_stem(stem)
    while RunFolder(results, f"{stem}-{number:03}").path.exists():
        number += 1
    return f"{stem}-{number:03}"


def name_stem(text: str) -> str:
    """Turn any text into the start of a run's name. Characters that a name must not have become hyphens."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).lstrip("-._")[:90] or "run"
