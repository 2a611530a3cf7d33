"""Makes a Ray node bare: Ray Tune, PyTorch and what they need, but neither this project nor what its driver needs."""

import sys

MISSING = {
    "optuna", "sklearn", "scipy", "sqlalchemy", "alembic", "cmaes", "tabulate", "typer", "tomli_w", "PIL", "psycopg",
}  # fmt: skip


class Missing:
    """Finds nothing by these names, before anything else does."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in MISSING:
            raise ModuleNotFoundError(f"no module named {name!r} on a bare node", name=name)


sys.meta_path[:] = [Missing(), *(finder for finder in sys.meta_path if "__editable__" not in str(finder))]
