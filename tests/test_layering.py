"""Imports run one way, no module needs itself, and each framework has its home.

Imports in functions and under TYPE_CHECKING count like all others: whoever reads a module must know what it names.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest

# Each imports only what comes before it, and itself. All but data and models are rooms or files of search.
ROOMS = (
    "errors",
    "data",
    "models",
    *("files", "seeds", "toml_text", "machine", "startup", "protocol", "trial", "settings"),
    "space",
    "proposals",
    "study",
    "dispatch",
    "worker",
    "execution",
    "report",
    "run",
    "interface",
    "reproduction",
    "cli",
)
DATA = ("dataset", "files", "formats", "download", "sets", "catalog")
MODELS = (
    "configuration",
    "scratch",
    "hardware",
    "optimization",
    "layers",
    "architectures",
    "network",
    "training",
    "model_file",
)
ORDERS = {"packtune": ROOMS, "packtune.models": MODELS, "packtune.data": DATA}
SMALL_FILES = ROOMS[3:11]  # of search, which may import each other in any order that is no cycle

# Files, and folders with all that is in them.
HOMES = {
    "ray": ("search/execution/", "search/worker/trainable.py"),
    "optuna": ("search/study/", "search/proposals/"),
    "sqlalchemy": ("search/study/",),
    "pandas": ("search/report/", "search/interface/", "search/reproduction/"),
    "tabulate": ("search/report/", "search/reproduction/", "search/cli/"),
    "typer": ("search/cli/",),
    "rich": ("search/report/",),
    "filelock": ("search/run/",),
    "tomli_w": ("search/space/", "search/report/", "search/run/"),
    "PIL": ("data/formats/png.py",),
    "numpy": (
        "data/",
        "models/scratch.py",
        "search/seeds.py",
        "search/proposals/",
        "search/worker/",
        "search/interface/",
    ),
    "torch": ("data/", "models/", "search/dispatch/", "search/worker/", "search/interface/"),
}
# Found at run time, or by their files: scikit-learn's are read, the others are Optuna's.
NEVER_IMPORTED = ("sklearn", "scipy", "cmaes", "psycopg")


@pytest.fixture(scope="session")
def edges(source_files):
    """List (file, line, importing module, imported module) for the imports within the project."""
    modules = {source.module for source in source_files}

    def module_of(name):
        return name if name in modules or name == "packtune" else module_of(name.rpartition(".")[0])

    return [
        (source.path, line, source.module, module_of(name))
        for source in source_files
        for line, name in source.imports()
        if name.split(".")[0] == "packtune"
    ]


def child_of(package, module):
    """Give the name of what holds `module` directly in `package`; none if it lies elsewhere."""
    return module.removeprefix(f"{package}.").split(".")[0] if module.startswith(f"{package}.") else None


@pytest.mark.parametrize("package", ORDERS)
def test_every_room_has_its_rank(package, source_files):
    children = {child_of(package, source.module) for source in source_files} - {None, "__main__"}
    if package == "packtune":
        assert {"models", "data"} <= children
    assert children == set(ORDERS[package]), "name a new room, or a new file, in the order of imports"


@pytest.mark.parametrize("package", ORDERS)
def test_imports_run_one_way(package, edges):
    order = ORDERS[package]
    wrong = []
    for path, line, importer, imported in edges:
        upper, lower = child_of(package, importer), child_of(package, imported)
        if upper not in order or lower not in order or {upper, lower} <= set(SMALL_FILES):
            continue
        if order.index(lower) > order.index(upper):
            wrong.append(f"{path}:{line}: {upper} comes before {lower}, and may not import {imported}")
    assert not wrong, "\n".join(wrong)


def test_models_and_data_know_nothing_of_a_search(edges):
    wrong = [
        f"{path}:{line}: imports {imported}"
        for path, line, importer, imported in edges
        if importer.startswith(("packtune.models", "packtune.data"))
        and not imported.startswith(("packtune.models", "packtune.data", "packtune.errors"))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_needs_itself(edges):
    """The package's own `__init__` is left out: it only lists what others define, and loads it when asked."""
    graph: dict[str, set[str]] = {}
    for _, _, importer, imported in edges:
        if "packtune" not in (importer, imported):
            graph.setdefault(importer, set()).add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("modules import each other in a circle: " + " <- ".join(error.args[1]))


def test_no_module_imports_the_package_s_root(edges):
    """What `packtune` lists is imported from where it is defined; the worker's shipping needs the folder alone."""
    allowed = ("search/__main__.py", "search/execution/shipping.py")
    wrong = [f"{path}:{line}" for path, line, _, imported in edges if imported == "packtune" and path not in allowed]
    assert not wrong, f"import from the defining module instead of from packtune: {', '.join(wrong)}"


@pytest.mark.parametrize("framework", [*HOMES, *NEVER_IMPORTED])
def test_frameworks_stay_at_home(framework, source_files):
    homes = HOMES.get(framework, ())
    away = [
        f"{source.path}:{line}: imports {name}, which belongs in {' '.join(homes) or 'no file'}"
        for source in source_files
        for line, name in source.imports()
        if name.split(".")[0] == framework and not source.path.startswith(homes or "\0")
    ]
    assert not away, "\n".join(away)


@pytest.mark.parametrize("framework", HOMES)
def test_every_home_is_lived_in(framework, source_files):
    users = [source.path for source in source_files for _, name in source.imports() if name.split(".")[0] == framework]
    empty = [home for home in HOMES[framework] if not any(path.startswith(home) for path in users)]
    assert not empty, f"{framework} is no longer imported in {' '.join(empty)}: take it off the list"
