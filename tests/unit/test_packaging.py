"""The wheel holds what an installed package needs; the sdist is enough to build it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])('dist')"


def test_wheel_from_sdist(tmp_path):
    """Built from an unpacked sdist, as pip does it: code, tables, viewer page, restorer."""
    pytest.importorskip("setuptools", minversion="77")
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "codec", source / "codec", ignore=shutil.ignore_patterns("__pycache__"))

    def build(folder, kind):
        subprocess.run([sys.executable, "-c", BUILD, kind], cwd=folder, check=True,
                       capture_output=True)
        return next((folder / "dist").iterdir())

    with tarfile.open(build(source, "build_sdist")) as archive:
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # from 3.11.4 on
        archive.extractall(tmp_path, **safe)
    unpacked = next(p for p in tmp_path.iterdir() if p.name.startswith("nfx-"))
    names = set(zipfile.ZipFile(build(unpacked, "build_wheel")).namelist())
    files = {p.relative_to(ROOT).as_posix() for p in (ROOT / "codec").rglob("*")
             if p.is_file() and p.suffix not in (".pyc", ".nbi", ".nbc")}
    assert files <= names
    assert {"codec/cli/viewer.html", "codec/py.typed", "codec/core/tables.bin",
            "codec/restore/weights/nfx-small.safetensors"} <= names
    assert not any(name.startswith(("tests", "tools", "conformance")) for name in names)
