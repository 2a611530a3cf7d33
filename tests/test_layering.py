"""Imports run one way and without cycles, and each framework is imported only in its own rooms.

Imports in functions and under TYPE_CHECKING count like all others.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest

# A room imports only itself and rooms before it. All but data and models are folders or files of search.
ROOMS = (
    "errors",
    "data",
    "models",
    *(
        "files",
        "seeds",
        "toml_text",
        "limits",
        "machine",
        "startup",
        "signals",
        "guard",
        "protocol",
        "trial",
        "settings",
    ),
    "space",
    "proposals",
    "confirmation",
    "study",
    "dispatch",
    "worker",
    "execution",
    "report",
    "tools",
    "run",
    "interface",
    "reproduction",
    "cli",
)
DATA = (
    "options",
    "description",
    "dataset",
    "files",
    "formats",
    "download",
    "sets",
    "preparation",
    "reading",
    "splitting",
    "columns",
    "baselines",
    "own",
    "unseen",
    "catalog",
)
MODELS = (
    "hyperparameter",
    "configuration",
    "own",
    "scratch",
    "hardware",
    "optimization",
    "layers",
    "modules",
    "architectures",
    "packed_network",
    "ensemble",
    "training",
    "trained_model",
    "examination",
    "saved",
    "model_file",
    "exports",
)
ORDERS = {"packtune": ROOMS, "packtune.models": MODELS, "packtune.data": DATA}
SMALL_FILES = ROOMS[3:14]  # these files of search may import each other, without a cycle

# The files and folders that may import a package; a folder stands for all files in it.
HOMES = {
    "ray": ("search/execution/", "search/worker/trainable.py"),
    "optuna": ("search/study/", "search/proposals/"),
    "sqlalchemy": ("search/study/",),
    "pandas": (
        "data/reading/",
        "data/splitting/",
        "data/columns/",
        "data/unseen/tables.py",
        "search/report/",
        "search/interface/",
        "search/reproduction/",
    ),
    "tabulate": ("search/report/",),
    "typer": ("search/cli/",),
    "rich": ("search/report/",),
    "filelock": ("search/run/",),
    "tomli_w": ("search/space/", "search/report/", "search/run/"),
    "pyarrow": ("data/reading/table_files.py",),
    "sklearn": ("data/splitting/", "data/columns/", "data/baselines.py"),
    "safetensors": ("models/saved/safe_tensors.py",),
    "onnx": ("models/exports/",),
    "onnxruntime": ("models/exports/",),
    "PIL": ("data/formats/pictures.py", "data/reading/pictures/decoding.py"),
    "numpy": (
        "data/",
        "models/scratch.py",
        "models/exports/onnx_inputs.py",
        "search/seeds.py",
        "search/proposals/",
        "search/confirmation/",
        "search/worker/",
        "search/interface/",
    ),
    "mlflow": ("search/tools/to_mlflow.py", "search/tools/mlflow_client.py"),
    "tensorboard": ("search/tools/to_tensorboard.py",),
    "optuna_dashboard": ("search/tools/dashboard/app.py",),
    "torch": ("data/", "models/", "search/worker/", "search/interface/"),
}
# SQLAlchemy imports psycopg, Optuna the others.
NEVER_IMPORTED = ("scipy", "cmaes", "psycopg")


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
    """Name the file or folder of `package` that `module` is in; None if it is in another package."""
    return module.removeprefix(f"{package}.").split(".")[0] if module.startswith(f"{package}.") else None


@pytest.mark.parametrize("package", ORDERS)
def test_every_file_and_folder_has_a_rank(package, source_files):
    children = {child_of(package, source.module) for source in source_files} - {None, "__main__"}
    if package == "packtune":
        assert {"models", "data"} <= children
    assert children == set(ORDERS[package]), (
        "add new files and folders to the order of imports above, and remove old ones"
    )


@pytest.mark.parametrize("package", ORDERS)
def test_imports_run_one_way(package, edges):
    order = ORDERS[package]
    wrong = []
    for path, line, importer, imported in edges:
        upper, lower = child_of(package, importer), child_of(package, imported)
        if upper not in order or lower not in order or {upper, lower} <= set(SMALL_FILES):
            continue
        if order.index(lower) > order.index(upper):
            wrong.append(f"{path}:{line}: {upper} comes before {lower} and must not import {imported}")
    assert not wrong, "\n".join(wrong)


def test_models_and_data_import_nothing_of_search_but_errors(edges):
    wrong = [
        f"{path}:{line}: imports {imported}"
        for path, line, importer, imported in edges
        if importer.startswith(("packtune.models", "packtune.data"))
        and not imported.startswith(("packtune.models", "packtune.data", "packtune.errors"))
    ]
    assert not wrong, "\n".join(wrong)


def test_there_is_no_import_cycle(edges):
    """The `__init__` of packtune is left out: it imports what it exports only when that is used."""
    graph: dict[str, set[str]] = {}
    for _, _, importer, imported in edges:
        if "packtune" not in (importer, imported):
            graph.setdefault(importer, set()).add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " <- ".join(error.args[1]))


def test_no_module_imports_from_the_root_package(edges):
    """Names are imported from the module that defines them. Shipping to workers needs the package's folder."""
    allowed = ("search/__main__.py", "search/execution/shipping.py")
    wrong = [f"{path}:{line}" for path, line, _, imported in edges if imported == "packtune" and path not in allowed]
    assert not wrong, f"import from the module that defines the name, not from packtune: {', '.join(wrong)}"


@pytest.mark.parametrize("package", [*HOMES, *NEVER_IMPORTED])
def test_a_package_is_imported_only_where_it_belongs(package, source_files):
    homes = HOMES.get(package, ())
    away = [
        f"{source.path}:{line}: imports {name}, which is allowed in {' '.join(homes) or 'no file'}"
        for source in source_files
        for line, name in source.imports()
        if name.split(".")[0] == package and not source.path.startswith(homes or "\0")
    ]
    assert not away, "\n".join(away)


@pytest.mark.parametrize("package", HOMES)
def test_a_package_is_imported_wherever_it_belongs(package, source_files):
    users = [source.path for source in source_files for _, name in source.imports() if name.split(".")[0] == package]
    empty = [home for home in HOMES[package] if not any(path.startswith(home) for path in users)]
    assert not empty, f"{package} is not imported in {' '.join(empty)}: remove that from HOMES"
