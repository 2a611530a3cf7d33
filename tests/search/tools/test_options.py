"""Tools are checked before anything is trained: their packages, and the URI."""

from __future__ import annotations

import subprocess
import sys

import pytest

from packtune.errors import SettingsError
from packtune.tools.options import Tools, check_installed, choose_tools


@pytest.mark.parametrize(
    "uri",
    ["http://localhost:5000", "https://host/mlflow", "sqlite:///mlflow.db", "postgresql+psycopg://u@h/d", "databricks"],
)
def test_what_mlflow_understands_is_taken(uri):
    assert choose_tools({"mlflow": uri}).mlflow == uri


@pytest.mark.parametrize("uri", ["", "localhost:5000", "mlruns", "ftp://host", "http", "\u202enow\n"])
def test_what_is_no_uri_is_refused(uri):
    with pytest.raises(SettingsError, match=r"is no tracking URI: give that of a server, http://HOST:PORT"):
        Tools(mlflow=uri)


def test_a_missing_package_is_named_with_the_command_that_installs_it():
    with pytest.raises(SettingsError, match=r"--x needs .* no-such-package: .*`pip install 'packtune\[some\]'`"):
        check_installed("no_such_package", extra="some", option="--x")


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        ("tensorboard", ["run", "--tensorboard"], "tensorboard"),
        ("mlflow", ["run", "--mlflow", "sqlite:///m.db"], "mlflow"),
        ("optuna_dashboard", ["dashboard", "one"], "dashboard"),
    ],
)
def test_a_command_says_so_before_it_does_anything(tmp_path, package, arguments, extra):
    program = f"""
import sys
from importlib.machinery import PathFinder

find = PathFinder.find_spec
PathFinder.find_spec = lambda name, *args: None if name == {package!r} else find(name, *args)
sys.argv[1:] = {arguments!r}
from packtune.cli.main import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 2, done.stderr
    assert f"pip install 'packtune[{extra}]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_a_tool_none_of_their_packages_is_imported(tmp_path):
    program = """
import sys
from packtune.cli import commands
from packtune.run import session
from packtune.run.listening import audience
print([name for name in ("tensorboard", "mlflow", "optuna_dashboard") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.stdout.strip() == "[]", done.stderr
