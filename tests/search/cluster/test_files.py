"""The files to be edited for a cluster, checked as far as they can be without one of each kind."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[3]
FILES = {path.name: path.read_text() for path in sorted((ROOT / "search/execution/templates").iterdir())}
BIN = Path(sys.executable).parent
RAY_VERSION = re.search(r"ray==(\S+)", (ROOT / "constraints.txt").read_text())[1]
COMMANDS = ("packtune run", "packtune resume", *(f"ray {name}" for name in (
    "start", "stop", "up", "down", "exec", "rsync-down", "get-auth-token",
)))  # fmt: skip


def documents(name):
    return list(yaml.safe_load_all(FILES[name]))


def commands(text):
    """List the commands of ours and of Ray's in a file, comments included: (command, its words)."""
    text = re.sub(r"\\\n|\n    (?=--)", " ", text)  # continued lines
    text = re.sub(r"(?m)^search=\((.*)\)$", r"packtune run \1", text)
    text = re.sub(r"(?m)^( *)start_ray ", r"\1ray start ", text)  # a function of the SLURM script
    found = re.findall(rf"(?m)(?<![\w/])({'|'.join(COMMANDS)})\b([^\n;&#]*)", text)
    # A command may be an argument of another: what begins inside quotes ends with them.
    return [(name, words) for name, rest in found for words in [rest.split("'")[0].split()]] + [
        inner for name, rest in found if "'" in rest for inner in commands(rest.split("'")[1])
    ]


@cache
def options(command):
    done = subprocess.run([BIN / command.split()[0], *command.split()[1:], "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", done.stdout))


def test_there_is_a_file_for_each_kind_of_cluster():
    assert sorted(FILES) == ["autoscaler.yaml", "rayjob.yaml", "slurm.sh"]
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert configuration["package-data"]["packtune"].count("execution/templates/*") == 1


@pytest.mark.parametrize("name", FILES)
def test_every_option_exists(name):
    found = commands(FILES[name])
    assert "packtune run" in {command for command, _ in found}
    for command, words in found:
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert given <= options(command), (command, given - options(command))


def test_an_option_that_does_not_exist_would_be_found():
    assert commands("ray exec x.yaml 'packtune run --nonsense 3'")[1] == ("packtune run", ["--nonsense", "3"])
    assert "--nonsense" not in options("packtune run")
    assert "--trials" in options("packtune run")


def test_the_autoscaler_configuration_satisfies_rays_schema():
    schema = json.loads((files("ray") / "autoscaler/ray-schema.json").read_text())
    (configuration,) = documents("autoscaler.yaml")
    jsonschema.validate(configuration, schema)
    assert configuration["head_node_type"] in configuration["available_node_types"]
    assert (
        sum(kind.get("max_workers", 0) for kind in configuration["available_node_types"].values())
        <= (configuration["max_workers"])
    )
    with pytest.raises(jsonschema.ValidationError, match="nonsense"):
        jsonschema.validate(configuration | {"nonsense": 1}, schema)


def test_the_manifest_is_a_rayjob_with_a_volume_for_its_results():
    job, claim = documents("rayjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert (claim["apiVersion"], claim["kind"]) == ("v1", "PersistentVolumeClaim")
    cluster = job["spec"]["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for group in groups:
        assert "rayStartParams" in group
        (container,) = group["template"]["spec"]["containers"]
        assert container["image"] == groups[0]["template"]["spec"]["containers"][0]["image"]
        assert container["resources"]["limits"].keys() == {"cpu", "memory"}
        assert container["resources"]["limits"] == container["resources"]["requests"]
    for group in groups[1:]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    head = groups[0]["template"]["spec"]
    (mount,) = head["containers"][0]["volumeMounts"]
    (volume,) = head["volumes"]
    assert mount["name"] == volume["name"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    words = shlex.split(job["spec"]["entrypoint"])
    assert words[:2] == ["packtune", "run"]
    assert words[words.index("--results") + 1] == mount["mountPath"]


@pytest.mark.parametrize("name", ["autoscaler.yaml", "rayjob.yaml"])
def test_the_versions_are_ours(name):
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert set(re.findall(r"rayproject/ray:(\S+?)-", FILES[name])) == {RAY_VERSION}
    assert set(re.findall(r"packtune-([\d.]+)-py3", FILES[name])) <= {version}
    assert set(re.findall(r'rayVersion: "(\S+)"', FILES[name])) <= {RAY_VERSION}
