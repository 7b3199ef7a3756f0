"""Restoring the images of a file as it signals: whether, by what, and what has to be said."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import codec
from codec.decoder.restorer import read_signalled
from codec.errors import BackendError, UnsupportedError
from codec.scene import RenderedView

if TYPE_CHECKING:
    from codec.restore.base import Restorer
    from codec.wire.restorer import RestorerParams

SOURCE_TYPE = ("http://cv.iptc.org/newscodes/digitalsourcetype/"
               "compositeWithTrainedAlgorithmicMedia")
"""IPTC's code for pictures that a trained model has changed."""


@dataclass(slots=True)
class Restoration:
    """A restorer at work on a job's images.

    required: a failure is an error, not a warning.   n_restored, seconds: what has been done.
    """

    restorer: Restorer
    required: bool
    n_restored: int = 0
    seconds: float = 0.0
    failed: bool = field(default=False)

    @property
    def params(self) -> RestorerParams:
        return self.restorer.params

    @property
    def background(self) -> tuple[float, float, float]:
        """What the network wants behind the scene."""
        red, green, blue = (value / 255 for value in self.params.background)
        return red, green, blue

    def apply(self, view: RenderedView, index: int,
              background) -> tuple[NDArray[np.float32], bool]:
        """(The image on the background asked for, whether it was restored).

        view: rendered on `self.background`.   index: of the view in the job, the noise's key.
        """
        shown = np.asarray(background, np.float32) - np.asarray(self.background, np.float32)
        behind = (1 - view.alpha[..., None]) * shown
        if self.failed:
            return view.rgb + behind, False
        started = time.perf_counter()
        try:
            found = self.restorer.restore(view.rgb[None], view.alpha[None], [index])[0]
        except BackendError as problem:
            if self.required:
                raise
            warnings.warn(f"images are not restored: {problem}", stacklevel=2)
            self.failed = True
            return view.rgb + behind, False
        self.seconds += time.perf_counter() - started
        self.n_restored += 1
        return np.clip(found + behind, 0, 1), True

    def metadata(self) -> dict[str, str]:
        """PNG text that says the picture was restored, and by what."""
        p = self.params
        return {
            "Software": f"NFX {codec.__version__}",
            "Restored": f"by a trained network that may invent detail: {p.kind_name}, "
                        f"{p.backbone.title}, sha256 {p.backbone.sha256.hex()}, "
                        f"strength {p.strength / 255:.3f}",
            "DigitalSourceType": SOURCE_TYPE,
        }

    def facts(self) -> dict:
        """For the JSON report."""
        return self.params.describe() | {
            "n_restored": self.n_restored, "device": str(self.restorer.device),
            "ms_per_view": 1000 * self.seconds / max(self.n_restored, 1),
        }


def plan_restoration(data: bytes, mode: str, *, strength: float | None = None,
                     device: str = "auto", weights: str | None = None) -> Restoration | None:
    """The restoration that a file's images get; None for plain images.

    mode: "auto" (plain images and one warning when something is missing), "off" or "require".
    strength: 0..1 instead of the signalled one.   weights: folder, or "hub".
    Raises FormatError kinds for broken boxes; with "require" UnsupportedError when the file
    signals no restorer known here, BackendError when what it needs is missing.
    """
    if mode == "off" or strength == 0:
        return None
    try:
        signalled = read_signalled(data)
        if signalled is None:
            if mode == "require":
                raise UnsupportedError("the file signals no restorer; leave --restore require out")
            return None
        params = signalled.params
        if strength is not None:
            params = replace(params, strength=max(1, round(255 * strength)))
        return Restoration(_build(params, signalled.maps, device, weights), mode == "require")
    except (BackendError, UnsupportedError) as problem:
        if mode == "require":
            raise
        warnings.warn(f"images are not restored: {problem}", stacklevel=2)
        return None


def _build(params, maps, device: str, weights: str | None) -> Restorer:
    from codec.restore.registry import build
    from codec.restore.weights import WeightStore

    return build(params, maps, WeightStore(weights), device=device)
