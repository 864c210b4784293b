"""The public face of the package."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pyarrow
import pytest

import speechmatics
from speechmatics import exceptions, models

pytestmark = pytest.mark.slow  # starts processes


def test_every_public_name_is_there() -> None:
    """Each module lists its names once; the package gives the errors, models, settings and the client."""
    for module in (speechmatics, exceptions, models):
        assert all(hasattr(module, name) for name in module.__all__)
        assert len(module.__all__) == len(set(module.__all__))
    assert set(exceptions.__all__) <= set(speechmatics.__all__)
    assert {"BatchClient", "ConnectionSettings", "Transcript", "JobConfig"} <= set(speechmatics.__all__)


def test_the_lists_of_public_names_agree() -> None:
    """What type checkers import, what `*` gives, and what is looked up at run time are the same names and objects."""
    tree = ast.parse(Path(speechmatics.__file__).read_text(encoding="utf-8"))
    imported = {
        alias.name: statement.module
        for block in tree.body
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom) and statement.module is not None
        for alias in statement.names
    }
    assert imported.keys() == set(speechmatics.__all__)
    for name, module in imported.items():
        assert getattr(importlib.import_module(module), name) is getattr(speechmatics, name)
    assert set(speechmatics.__all__) <= set(dir(speechmatics))


def classes_in(annotation: Any) -> Iterator[type]:
    """The classes of this package that an annotation is made of."""
    if isinstance(annotation, type) and annotation.__module__.startswith("speechmatics."):
        yield annotation
    for part in get_args(annotation):
        yield from classes_in(part)


def test_what_a_public_method_returns_can_be_named() -> None:
    """In annotations of users: each of its classes is a public name of the package."""
    names = {name: getattr(speechmatics, name) for name in speechmatics.__all__}
    returned = {
        found.__name__
        for owner in filter(inspect.isclass, names.values())
        for name, method in inspect.getmembers(owner, inspect.isfunction)
        if not name.startswith("_") and str(method.__module__).startswith("speechmatics.")
        for found in classes_in(get_type_hints(method, localns={**names, "pa": pyarrow}).get("return"))
    }
    returned |= {found.__name__ for found in classes_in(speechmatics.ParsedBatchClient)}
    assert {"Turn", "WordRecord", "RecognitionResult", "JobDetails"} <= returned
    assert returned <= set(speechmatics.__all__)


def test_every_module_says_what_it_is_for() -> None:
    """Each has a docstring and an `__all__`."""
    for info in pkgutil.walk_packages(speechmatics.__path__, "speechmatics."):
        if info.name.startswith(("speechmatics.rt", "speechmatics.batch.")) or info.name == "speechmatics.batch":
            continue
        if not info.name.endswith("__main__"):
            module = importlib.import_module(info.name)
            assert module.__doc__, info.name
            assert hasattr(module, "__all__"), info.name


def test_the_models_do_without_the_rendering_until_it_is_used() -> None:
    """Which keeps their import short; the types that it gives are there all the same."""
    code = """
import sys, speechmatics.models
print("speechmatics.rendering" in sys.modules)
from speechmatics.models import Turn, WordRecord
from speechmatics import Turn as same
print(Turn is same, hasattr(speechmatics.models, "Trun"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["False", "True False"]


def test_a_name_imports_what_it_needs() -> None:
    """The client does without the validation, the validation without the client, and settings without either."""
    heavy = {"speechmatics.validation", "speechmatics._core.drivers", "speechmatics.models.config"}
    for name, needed in {
        "BatchClient": heavy - {"speechmatics.validation"},
        "validate_config": heavy - {"speechmatics._core.drivers"},
        "ConnectionSettings": set[str](),
        "JobNotFoundException": set[str](),
    }.items():
        code = f"import sys; from speechmatics import {name}; print(sorted({heavy!r} & set(sys.modules)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == str(sorted(needed)), name


def test_every_error_is_in_the_drawn_tree() -> None:
    """The docstring of the exceptions names each of them."""
    assert exceptions.__doc__ is not None
    drawn = exceptions.__doc__.replace("──", " ").split()
    for name in exceptions.__all__:
        assert name in drawn


def test_the_client_imports_nothing_of_an_extra() -> None:
    """`import speechmatics.batch_client` leaves every optional package alone."""
    extras = {"fastapi", "starlette", "uvicorn", "multipart", "python_multipart", "faster_whisper", "numpy", "pytest"}
    extras |= {"pyarrow", "pandas", "polars", "dask", "distributed", "fsspec"}
    code = f"import sys, speechmatics.batch_client; print(sorted({extras!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_strategies_without_hypothesis_name_the_extra() -> None:
    """As soon as one is asked for; the package that has them is imported all the same."""
    code = """
import sys
sys.modules["hypothesis"] = None
import speechmatics, speechmatics.testing
try:
    speechmatics.testing.transcripts
except speechmatics.MissingExtraError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 'pip install ".[testing]"' in done.stdout


def test_the_vendor_s_package_beside_this_one_still_imports() -> None:
    """`speechmatics.rt` is installed with the development extra."""
    code = "import speechmatics.rt, speechmatics; print(speechmatics.BatchClient, speechmatics.rt.AsyncClient)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
