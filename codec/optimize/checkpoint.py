"""Checkpoints of a training: one NumPy archive without pickles, written atomically."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.errors import SceneError, UsageError
from codec.io.atomic import atomic_write
from codec.optimize.adam import ATTRIBUTES
from codec.optimize.options import TrainOptions
from codec.scene import Splats


@dataclass(slots=True)
class Checkpoint:
    """What a trainer needs to go on.

    engine: "cpu" or "cuda".   arrays: of the trainer, by name.   extra: JSON of the caller.
    best: the best scene so far where it is not the present one.
    """

    engine: str
    step: int
    extent: float
    arrays: dict[str, NDArray]
    extra: dict
    best: Splats | None = None

    def write(self, path: str | os.PathLike[str], options: TrainOptions) -> None:
        """Write to `path`, replacing what was there."""
        meta = {"engine": self.engine, "step": self.step, "extent": self.extent,
                "options": options.to_dict(), "extra": self.extra}
        arrays = dict(self.arrays)
        if self.best is not None:
            arrays |= {f"best.{name}": getattr(self.best, name) for name in ATTRIBUTES}
        stream = io.BytesIO()
        np.savez(stream, meta=np.frombuffer(json.dumps(meta).encode(), np.uint8), **arrays)
        atomic_write(path, stream.getbuffer(), True)


def read_checkpoint(path: str | os.PathLike[str], engine: str, options: TrainOptions) -> Checkpoint:
    """Undo `Checkpoint.write`.

    Raises SceneError for a damaged file and UsageError when the run it belongs to had other
    options (all but `threads` must agree) or another engine.
    """
    try:
        # Opened here: np.load leaves a damaged file open.
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        meta = json.loads(arrays.pop("meta").tobytes())
        theirs = meta["options"]
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise SceneError(f"cannot read the checkpoint {path} ({error}); delete it to start "
                         "anew") from error
    ours = json.loads(json.dumps(options.to_dict()))
    changed = [k for k in sorted(ours | theirs) if ours.get(k) != theirs.get(k) and k != "threads"]
    if meta["engine"] != engine:
        changed.append(f"backend {meta['engine']}")
    if changed:
        raise UsageError(f"the checkpoint {path} was made with other options "
                         f"({', '.join(changed)}): give the same ones, or delete it")
    best = {n: arrays.pop(f"best.{n}") for n in ATTRIBUTES if f"best.{n}" in arrays}
    return Checkpoint(engine, meta["step"], meta["extent"], arrays, meta["extra"],
                      Splats(**best, antialiased=options.antialiased) if best else None)
