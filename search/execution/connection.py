"""Connects a search to Ray: starts a local one, reaches a cluster, or takes the one that the caller has started.

Ray is imported only once its environment is set; Ray Tune not at all.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import math
import os
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path

from packtune.data.files import readable
from packtune.errors import ClusterError
from packtune.execution.address import AUTO, check_address
from packtune.execution.environment import CLUSTER, LOCAL, RAY, TUNE, changed, environment
from packtune.execution.lean_ray import ended_processes, forget_token, lean_end, lean_start, rename_process
from packtune.execution.placement import place
from packtune.execution.ray_start import Background, RayStart, last_words
from packtune.execution.shipping import modules_of_the_job, packed_code
from packtune.execution.surroundings import Surroundings, look_after
from packtune.limits import usable_cpus
from packtune.settings import LOCAL as LOCAL_ADDRESS
from packtune.settings import Placement, Resources
from packtune.study.storage_url import hide_secrets

BREAK_OFF_S = 5.0
"""How long a start that was broken off is waited for."""

# A process has one Ray and one environment, so that searches in several threads run one after another.
_ONE_SEARCH = threading.Lock()

NOT_UTF8 = (
    "Ray cannot start in the folder {}, as its name is not UTF-8: start packtune in another folder; the files that it "
    "reads and writes may have such names"
)
_LOST = (
    "Ray has ended on this machine: {}. The system kills processes when memory runs out, and schedulers kill those of "
    "a job. Nothing that was finished is lost: resume goes on"
)

_MISMATCH = "Version mismatch"
_OTHER_VERSION = (
    "Give all nodes the same versions, those that this process was started with (`pip list` shows them), or use "
    "--address local to search on this machine"
)
_CHECK = (
    "Check that the port is the one that `ray start --head` prints, that this machine is a node of the cluster, and "
    "that RAY_AUTH_MODE and RAY_AUTH_TOKEN are the cluster's"
)


class Connection(ABC):
    """A Ray that may still be starting."""

    @abstractmethod
    def placement(self) -> Placement:
        """Wait for Ray, and fit the resources to it.

        Raises:
            ClusterError: nothing answers at the address, Ray does not start, or no node has what one worker needs.
        """

    def lost(self) -> str:
        """Tell why nothing can be trained any more; empty while Ray runs, as far as can be told from here."""
        return ""


@contextlib.contextmanager
def connection(resources: Resources, say: Callable[[str], None]) -> Iterator[Connection]:
    """Connect to Ray in the background, and disconnect at the end.

    A Ray that the caller has started or connected to is used as it is, wherever the resources say that the search
    should run, and is left running. Its nodes must have packtune.

    Args:
        say: told what a local Ray does otherwise because the machine lacks something.

    Raises:
        ClusterError: a local Ray cannot start.
    """
    with _ONE_SEARCH:
        if _is_connected():
            with environment(TUNE):
                yield _GivenRay(resources)
            return
        surroundings = look_after(say) if resources.is_local else None
        with (
            environment(TUNE, RAY, LOCAL if resources.is_local else CLUSTER),
            changed(surroundings.variables if surroundings else {}),
        ):
            opened = _OwnRay(resources, surroundings)
            try:
                yield opened
            finally:
                opened.close()


class _GivenRay(Connection):
    """A Ray that the caller has started."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def placement(self) -> Placement:
        return place(self._resources)


class _OwnRay(Connection):
    """A Ray that is started or reached in the background, so that PyTorch can be imported meanwhile.

    A local Ray is imported first: beside PyTorch, that takes twice as long, and all else waits for its processes.
    """

    def __init__(self, resources: Resources, surroundings: Surroundings | None) -> None:
        self._resources = resources
        self._start = RayStart()
        # In a notebook, Ray asks for ipywidgets as it is imported, which it has no use for here.
        logging.getLogger("ray.widgets.util").setLevel(logging.WARNING)
        if resources.is_local:
            importlib.import_module("ray")
        connect = partial(_connect_to_cluster, resources)
        if surroundings is not None:
            connect = partial(_start_local, resources, surroundings, self._start)
        self._connecting = Background(connect)

    def placement(self) -> Placement:
        self._connecting.future.result()
        return place(self._resources)

    def lost(self) -> str:
        ended = " and ".join(ended_processes()) if self._resources.is_local else ""
        return ended and _LOST.format(ended)

    def close(self) -> None:
        """Disconnect; a local Ray ends, and one that is still starting is broken off."""
        self._start.break_off()
        wait([self._connecting.future], timeout=BREAK_OFF_S)
        self._connecting.future.add_done_callback(_disconnect)  # now, or once a late connection is there
        # A driver that is still connected dies with Ray's processes, and they with the thread that started them.
        self._connecting.release()


def _disconnect(connected: Future[None]) -> None:
    lean_end()
    forget_token()


def _is_connected() -> bool:
    """Tell whether the caller has started Ray, or connected to it."""
    if "ray" not in sys.modules:
        return False
    import ray

    return bool(ray.is_initialized())


def _start_local(resources: Resources, surroundings: Surroundings, start: RayStart) -> None:
    import ray

    forget_token()
    _hide_unreadable_command()
    if resources.storage is not None:
        hide_command(resources.storage)
    try:
        with lean_start(start):
            ray.init(
                address=LOCAL_ADDRESS,
                include_dashboard=False,
                num_cpus=cpus_of(resources),
                logging_level=logging.ERROR,
                log_to_driver=False,
                _plasma_directory=surroundings.object_store and str(surroundings.object_store),
            )
    except UnicodeEncodeError as error:
        raise ClusterError(NOT_UTF8.format(readable(os.getcwd()))) from error
    except Exception as error:
        raise ClusterError(_why_not_started(error, surroundings.folder)) from error


def _why_not_started(error: Exception, folder: Path) -> str:
    sessions = sorted((folder / "ray").glob(f"session_*_{os.getpid()}"))
    words = last_words(sessions[-1] / "logs") if sessions else ""
    return (
        f"cannot start Ray on this machine: {error}. {words and f'{words} '}Its logs are in "
        f"{sessions[-1] / 'logs' if sessions else folder}. Look there, and at the limits of this shell (`ulimit -a`), "
        "its memory and its disks. If it is very busy, try again: Ray's processes wait only some seconds for each other"
    )


def _connect_to_cluster(resources: Resources) -> None:
    import ray

    if resources.address is not None and resources.address != AUTO:
        check_address(resources.address)
    _hide_unreadable_command()
    if resources.storage is not None:
        hide_command(resources.storage)
    try:
        with packed_code() as folder:
            ray.init(
                address=resources.address,
                runtime_env={"py_modules": [str(folder), *modules_of_the_job()]},
                logging_level=logging.ERROR,
                log_to_driver=False,
            )
    except UnicodeEncodeError as error:
        raise ClusterError(NOT_UTF8.format(readable(os.getcwd()))) from error
    except Exception as error:
        raise ClusterError(_why_not_connected(resources.address, error)) from error


def _why_not_connected(address: str | None, error: Exception) -> str:
    said = " ".join(str(error).split()).rstrip(" .")
    return f"cannot connect to the cluster at {address}: {said}. {_OTHER_VERSION if _MISMATCH in said else _CHECK}"


def hide_command(url: str) -> None:
    """Take the password of a database out of the command line of this process, which Ray shows to a whole cluster."""
    if any(hide_secrets(word, url) != word for word in sys.argv):
        rename_process("packtune")


def _hide_unreadable_command() -> None:
    """Give this process another command line if a word of it is not UTF-8: Ray keeps it as text."""
    if any(os.fsencode(word).decode(errors="ignore") != word for word in sys.argv):
        rename_process("packtune")


def cpus_of(resources: Resources) -> int:
    """Give the CPUs of a local Ray: no more than this process may use, and no more than the workers use.

    Ray starts a process for each.
    """
    have = usable_cpus()
    return have if resources.workers is None else min(have, math.ceil(resources.workers * resources.cpus_per_worker))
