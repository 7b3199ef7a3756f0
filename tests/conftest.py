"""Helpers every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_data(name: str) -> Path:
    """Path of a shared test file such as "data/ply/plush.ply"; skips the test when absent.

    Looks in the folder named by NFX_SHARED, else in `../shared` beside the repository.
    """
    root = Path(os.environ.get("NFX_SHARED", Path(__file__).parents[2] / "shared"))
    path = root / name
    if not path.exists():
        pytest.skip(f"shared data {name} is absent")
    return path
