"""Which metrics can run here, what each is exactly, and one call that runs them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.scene import Camera, RenderedView
from tools.metrics import consistency, image, video
from tools.metrics.weights import MissingWeights, WeightSource

NAMES = ("psnr", "ssim", "ms_ssim", "lpips_alex", "lpips_squeeze", "lpips_vgg", "dists", "kid",
         "fid", "vmaf", "consistency")
LABELS = {
    "psnr": "PSNR, dB", "ssim": "SSIM", "ms_ssim": "MS-SSIM", "lpips_alex": "LPIPS (alex)",
    "lpips_squeeze": "LPIPS (squeeze)", "lpips_vgg": "LPIPS (vgg)", "dists": "DISTS",
    "kid": "patch-KID", "fid": "patch-FID", "vmaf": "VMAF",
    "consistency": "Multi-view consistency, dB", "psnr_original": "PSNR to the original, dB",
}
LOWER_IS_BETTER = frozenset({"lpips_alex", "lpips_squeeze", "lpips_vgg", "dists", "kid", "fid"})


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. kind: "view" (pairs of images), "set" (all images) or "path" (a video)."""

    name: str
    variant: str
    kind: str
    compute: Callable

    @property
    def higher_is_better(self) -> bool:
        return self.name not in LOWER_IS_BETTER


@dataclass(frozen=True)
class PathViews:
    """The original's views along a camera path: what "path" metrics compare with."""

    views: tuple[RenderedView, ...]

    @property
    def cameras(self) -> list[Camera]:
        return [view.camera for view in self.views]

    @property
    def images(self) -> list[NDArray]:
        return [view.rgb for view in self.views]

    @cached_property
    def warps(self) -> list[consistency.Warp]:
        pairs = zip(self.views, self.views[1:], strict=False)
        return [consistency.find_warp(a, b) for a, b in pairs]


@dataclass(frozen=True, slots=True)
class Suite:
    """The metrics that run here, and why the others do not."""

    metrics: tuple[Metric, ...]
    left_out: dict[str, str] = field(default_factory=dict)

    def identity(self) -> str:
        """A text that differs when any metric does."""
        return "; ".join(f"{m.name}: {m.variant}" for m in self.metrics)

    def measure(
        self, references: list[NDArray], images: list[NDArray], path: PathViews | None = None,
        path_images: list[NDArray] | None = None,
    ) -> dict[str, float]:
        """Each metric's value over the views, images [H, W, 3] in 0..1 (clipped here).

        path, path_images: the original's path views and the decoded scene's images there.
        A metric that cannot be had for these images (too small, too few) is NaN.
        """
        pairs = [(image.to_8_bits(a), image.to_8_bits(b))
                 for a, b in zip(references, images, strict=True)]
        scores = {}
        for metric in self.metrics:
            if metric.kind == "view":
                scores[metric.name] = mean_of_views([metric.compute(a, b) for a, b in pairs])
            elif metric.kind == "set":
                scores[metric.name] = metric.compute(*map(list, zip(*pairs, strict=True)))
            elif path and path_images:
                scores[metric.name] = metric.compute(path, path_images)
        return scores


def mean_of_views(values: list[float]) -> float:
    """The mean; views without any error (infinite dB) count only when all views are such."""
    finite = [v for v in values if not np.isinf(v)]
    return float(np.mean(finite)) if finite else float("inf")


def load_suite(
    names: list[str] | None = None, weights: Path | None = None, download: bool = False
) -> Suite:
    """The named metrics (None: all) that have what they need; the others with the reason.

    weights: folder with alexnet*, squeezenet1_1*, vgg16*, pt_inception-2015-12-05* files.
    download: fetch torchvision's backbones when they are nowhere else.
    """
    source = WeightSource(weights, download)
    metrics, left_out = [], {}
    for name in names or NAMES:
        try:
            metrics.append(_load(name, source))
        except (MissingWeights, ImportError) as problem:
            left_out[name] = str(problem)
    return Suite(tuple(metrics), left_out)


def _load(name: str, source: WeightSource) -> Metric:
    """One metric, ready to run. Raises MissingWeights or ImportError with the reason."""
    if name in ("ssim", "ms_ssim"):
        import torchmetrics.functional.image  # noqa: F401
    plain = {
        "psnr": (image.PSNR_VARIANT, "view", image.psnr),
        "ssim": (image.SSIM_VARIANT, "view", image.ssim),
        "ms_ssim": (image.MS_SSIM_VARIANT, "view", image.ms_ssim),
        "consistency": (consistency.CONSISTENCY_VARIANT, "path", _path_consistency),
    }
    if name in plain:
        return Metric(name, *plain[name])
    if name == "vmaf":
        if video.find_ffmpeg() is None:
            raise MissingWeights("no ffmpeg with libvmaf: install imageio-ffmpeg or set NFX_FFMPEG")
        return Metric(name, video.VMAF_VARIANT, "path", _path_vmaf)
    if name in ("kid", "fid"):
        from tools.metrics.distribution import STEM, PatchDistance, load_inception

        distance = PatchDistance(name, load_inception(source), source.find(STEM))
        return Metric(name, distance.variant, "set", distance)
    return _load_network(name, source)


def _load_network(name: str, source: WeightSource) -> Metric:
    from tools.metrics.networks import Dists, Lpips

    if name == "dists":
        metric = Dists(source)
    elif name.startswith("lpips_"):
        metric = Lpips(name.removeprefix("lpips_"), source)
    else:
        raise ImportError(f"no such metric; there are {', '.join(NAMES)}")
    return Metric(name, metric.variant, "view", metric)


def _path_consistency(path: PathViews, images: list[NDArray]) -> float:
    return consistency.consistency(path.warps, path.images, images)


def _path_vmaf(path: PathViews, images: list[NDArray]) -> float:
    return video.vmaf(path.images, images)
