"""FID and KID over patches of the views: torchmetrics' sums on torch-fidelity's Inception-v3.

torch-fidelity imports torchvision, so where that cannot be installed both are left out by name.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tools.metrics.weights import MissingWeights, WeightSource

PATCH, STRIDE = 128, 64
FEWEST_FOR_FID = 2048
"""Below as many patches as feature dimensions the FID's covariance is singular: KID only."""
STEM = "pt_inception-2015-12-05"


def patches(images: list[NDArray]) -> NDArray[np.uint8]:
    """[M, 3, PATCH, PATCH] patches of all images, every STRIDE pixels."""
    found = []
    for image in images:
        pixels = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
        for y in range(0, pixels.shape[0] - PATCH + 1, STRIDE):
            for x in range(0, pixels.shape[1] - PATCH + 1, STRIDE):
                found.append(pixels[y : y + PATCH, x : x + PATCH])
    if not found:
        return np.zeros((0, 3, PATCH, PATCH), np.uint8)
    return np.moveaxis(np.stack(found), -1, 1)


def load_inception(source: WeightSource):
    """torch-fidelity's extractor of 2048 features. Raises MissingWeights."""
    path = source.find(STEM)
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except (ImportError, RuntimeError) as problem:
        raise MissingWeights(f"torch-fidelity cannot be imported: {problem}") from problem
    return FeatureExtractorInceptionV3("inception", ["2048"], str(path))


class PatchDistance:
    """KID or FID between the patches of reference views and of decoded views."""

    def __init__(self, kind: str, extractor, weights: Path | None = None) -> None:
        self.kind, self.extractor = kind, extractor
        self.weights = weights.name if weights else "given"

    @property
    def variant(self) -> str:
        """What the number is, exactly."""
        return (f"patch-{self.kind.upper()}, torchmetrics, {PATCH}x{PATCH} patches every {STRIDE} "
                f"pixels, Inception-v3 2048 features, weights {self.weights}")

    def __call__(self, references: list[NDArray], images: list[NDArray]) -> float:
        import torch

        real, fake = (torch.from_numpy(patches(x)) for x in (references, images))
        if len(real) < (FEWEST_FOR_FID if self.kind == "fid" else 2):
            return float("nan")
        metric = self._metric(len(real))
        metric.update(real, real=True)
        metric.update(fake, real=False)
        value = metric.compute()
        return float(value[0] if self.kind == "kid" else value)

    def _metric(self, count: int):
        with warnings.catch_warnings():  # that features are kept in memory: they are few
            warnings.simplefilter("ignore", UserWarning)
            if self.kind == "kid":
                from torchmetrics.image.kid import KernelInceptionDistance

                return KernelInceptionDistance(self.extractor, subsets=1, subset_size=count)
            from torchmetrics.image.fid import FrechetInceptionDistance

            return FrechetInceptionDistance(self.extractor)
