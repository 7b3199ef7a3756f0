"""The rules of the house: who may import whom, what ships, how files look."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[2]
REFERENCE_MAY_USE = {"numpy", "zstandard"}


def python_files(*folders: str) -> list[Path]:
    return [p for folder in folders for p in sorted((ROOT / folder).rglob("*.py"))]


def imported_modules(path: Path) -> set[str]:
    """Top-level names of what a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
    return found


def test_imports_run_downhill(monkeypatch, capsys):
    """The contracts in pyproject.toml hold (layers, no heavy package on the light path)."""
    monkeypatch.chdir(ROOT)
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


def test_the_package_uses_nothing_outside_it():
    """codec ships alone: it never imports tools, tests or conformance."""
    for path in python_files("codec"):
        assert not imported_modules(path) & {"tools", "tests", "conformance"}, path


def test_only_entropy_files_know_the_coders():
    """constriction and zstandard stay in few files, so that a coder can be replaced."""
    users = {p.relative_to(ROOT).as_posix() for p in python_files("codec")
             if imported_modules(p) & {"constriction"}}
    assert users <= {"codec/core/entropy.py"}


def test_the_strangers_decoder_shares_no_code():
    """conformance/reference_decoder is written from the text: stdlib, NumPy, zstandard."""
    files = python_files("conformance/reference_decoder")
    if not files:
        pytest.skip("conformance/reference_decoder is not in this tree")
    import sys

    for path in files:
        foreign = imported_modules(path) - set(sys.stdlib_module_names) - REFERENCE_MAY_USE
        assert not foreign, f"{path}: {foreign}"


def test_nobody_prints_in_the_library():
    """Output belongs to the command line."""
    for path in python_files("codec"):
        if "cli" in path.parts:
            continue
        calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8")))
                 if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "print"]
        assert not calls, f"{path}:{calls[0].lineno}"


def test_no_machine_paths():
    """Nothing in the tree points at one person's or one machine's folders."""
    pattern = re.compile(r"/(?:work|root|home|Users)/\w")
    for path in python_files("codec", "tools", "tests", "conformance"):
        if path.name != "test_house.py":
            assert not pattern.search(path.read_text("utf-8")), path


def test_data_files_of_the_package_ship():
    """Every data file inside codec/ has an extension that pyproject puts into the wheel."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    shipped = {p.removeprefix("*") for p in config["tool"]["setuptools"]["package-data"]["*"]}
    data = {p for p in (ROOT / "codec").rglob("*")
            if p.is_file() and p.suffix not in (".py", ".pyc", ".nbi", ".nbc")}
    assert {p for p in data if p.suffix not in shipped} == set()
