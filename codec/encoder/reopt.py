"""Re-optimization: a scene pruned to a few Gaussians is trained to look like the original again.

After pruning this is where nearly all quality comes from at low rates. Targets are the original's
own renders (self-distillation, no photos needed) or posed photos. Spent Gaussians become halves of
those with large gradients, and so the count grows where `sparse` wants more
(`optimize.densify.Split`). Then ever more Gaussians are fixed where they decode to at the chosen
steps, and the others train on, to make up for their error.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.core import quantize
from codec.core.params import CodingParams
from codec.encoder.backdrop import (
    BLACK,
    WHITE,
    Colour,
    composited,
    is_open,
    photo_backdrop,
)
from codec.encoder.ladder import Ladder, with_rows
from codec.encoder.prepare import prepare
from codec.encoder.probe import is_filled
from codec.encoder.steps import Steps, dequantize, quantize_scene
from codec.scene import Camera, Splats

FREE_SHARES, QUANTIZED_SHARE = (0.15, 0.7), 0.15
"""Of the iterations: freely before and after the count is chosen, and quantized."""
FIXED = (0.5, 0.75, 0.875, 0.94)
"""Shares of the Gaussians that are quantized after each portion; the last ones at the end."""
SQUARED_WEIGHT = 30.0
"""Of the mean squared error beside 0.2 (1 - SSIM): what few Gaussians cannot show costs most."""
RATES = {"means_unit": "sigma", "means_rate": 0.07, "means_rate_end": 0.001, "rates_end": 0.2}
"""Few Gaussians are large: by the cameras' extent they would move too little."""
FINISHING_RATES = {"means_rate": 4e-3, "means_rate_end": 5e-4, "scales_rate": 6e-3,
                   "quats_rate": 1.5e-3, "opacity_rate": 3e-2, "sh0_rate": 4.5e-3,
                   "shn_rate": 3e-3}
"""Of training beside Gaussians that are fixed already; see `TrainOptions`."""
DRAW_EXPONENT = 0.3
"""Of a tier's Gaussians, for how often training draws it: more of them need more steps."""
WIDTH = 480
MOST_VIEWS = 160


@dataclass(frozen=True, slots=True)
class Reopt:
    """What a re-optimization works with.

    iterations: in all.   sh_degree: of the result.
    seed, threads: as in EncoderOptions.   budget: seconds of wall time, 0 = none.
    """

    iterations: int
    sh_degree: int
    seed: int = 0
    threads: int = 0
    budget: float = 0.0


@dataclass(slots=True)
class TargetViews:
    """Cameras with target images of one size each, kept as 8 bits.

    images: [H, W, 3] uint8 by view; halves of them are made when first asked for.
    backdrops: what is behind the scene in them, by view; black beyond the end.
    """

    cameras: list[Camera]
    images: list[NDArray[np.uint8]]
    backdrops: list[Colour] = field(default_factory=list)
    _small: dict[tuple[int, int], tuple] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.cameras)

    def __add__(self, more: TargetViews) -> TargetViews:
        """The views of both, one after the other."""
        behind = [views.background(i) for views in (self, more) for i in range(len(views))]
        return TargetViews(self.cameras + more.cameras, self.images + more.images, behind)

    def facts(self, photos: Path | None) -> dict:
        """What a report says of a training with these targets."""
        return {"views": len({id(camera) for camera in self.cameras}),
                "towards": "photos" if photos else "renders of the input",
                "backdrops": sorted(set(self.backdrops))}

    def background(self, index: int) -> Colour:
        """RGB behind the scene in a view's target."""
        return self.backdrops[index] if index < len(self.backdrops) else BLACK

    def view(self, index: int, shrink: int = 1) -> tuple[Camera, NDArray[np.float32]]:
        """Camera and target, float32 in 0..1, `shrink` times smaller by area average."""
        camera, image = self.cameras[index], self.images[index]
        if shrink > 1:
            if (index, shrink) not in self._small:
                self._small[index, shrink] = _shrunken(camera, image, shrink)
            camera, image = self._small[index, shrink]
        return camera, image.astype(np.float32) / np.float32(255)


def _shrunken(camera: Camera, image: NDArray[np.uint8], shrink: int):
    height, width = camera.height // shrink, camera.width // shrink
    part = image[: height * shrink, : width * shrink].astype(np.float32)
    small = part.reshape(height, shrink, width, shrink, 3).mean(axis=(1, 3))
    lens = {name: getattr(camera, name) / shrink for name in ("fx", "fy", "cx", "cy")}
    return replace(camera, width=width, height=height, **lens), np.rint(small).astype(np.uint8)


def spread_views(cameras: list[Camera], most: int = MOST_VIEWS) -> list[Camera]:
    """At most `most` cameras, evenly spaced by name, at most WIDTH pixels wide."""
    ordered = sorted(cameras, key=lambda camera: camera.name)
    n = min(len(ordered), most)
    chosen = [ordered[i * len(ordered) // n] for i in range(n)]
    return [c.resized(WIDTH) if c.width > WIDTH else c for c in chosen]


def rendered_views(splats: Splats, cameras: list[Camera], threads: int = 0,
                   backdrops: tuple[Colour, ...] = ()) -> TargetViews:
    """The original's renders as targets: all views on one backdrop, then all on the next.

    backdrops: () = black, and for an open scene (see `backdrop`) black and white.
    """
    from codec.rendering.base import RenderOptions
    from codec.rendering.cpu import CpuRenderer

    renderer = CpuRenderer(RenderOptions(threads=threads))
    views = [renderer.render(splats, camera) for camera in cameras]
    # A view that shows nothing teaches nothing, and its infinite PSNR hides what others gain.
    views = [view for view in views if is_filled(view)] or views
    cameras = [view.camera for view in views]
    if not backdrops:
        backdrops = (BLACK, WHITE) if is_open([view.alpha for view in views]) else (BLACK,)
    images = [np.rint(255 * np.clip(composited(view, colour), 0, 1)).astype(np.uint8)
              for colour in backdrops for view in views]
    behind = [colour for colour in backdrops for _ in views]
    return TargetViews(cameras * len(backdrops), images, behind)


def photo_views(cameras: list[Camera], folder: Path, backdrop: Colour = BLACK) -> TargetViews:
    """Posed photos as targets. Raises SceneError when a photo is missing or unreadable."""
    from codec.optimize.photos import find_photo, read_photo

    images = [read_photo(find_photo(folder, c), (c.width, c.height)) for c in cameras]
    return TargetViews(cameras, images, [backdrop] * len(cameras))


def target_views(splats: Splats, cameras: list[Camera], photos: Path | None,
                 threads: int) -> TargetViews:
    """Photos of the cameras, or the scene's renders from them.

    Photos show an open scene on one backdrop: its renders on another one stand beside them.
    """
    chosen = spread_views(cameras)
    if photos is None:
        return rendered_views(splats, chosen, threads)
    backdrop = photo_backdrop(splats, chosen, photos, threads)
    if backdrop is None:
        return photo_views(chosen, photos)
    other = BLACK if np.mean(backdrop) > 0.5 else WHITE
    return photo_views(chosen, photos, backdrop) + rendered_views(splats, chosen, threads, (other,))


class Retrainer:
    """Trains one scene in stages, `free` and `incremental`; keeps the best so far on Ctrl-C.

    views: targets.   stop: set when the user asked to stop, here or outside.
    interrupted: whether one did, here or there; later stages do nothing.
    iterations: run so far.
    """

    def __init__(self, views: TargetViews, plan: Reopt, antialiased: bool, progress,
                 stop: threading.Event | None = None) -> None:
        self.views, self.plan, self.stop = views, plan, stop or threading.Event()
        self.progress, self._antialiased = progress, antialiased
        self.iterations = 0

    @property
    def interrupted(self) -> bool:
        return self.stop.is_set()

    def free(self, splats: Splats, part: int = 0, count: int = 0) -> Splats:
        """Every attribute, all values; Gaussians may move to where they help.

        part: index into FREE_SHARES.   count: Gaussians in the end, at least those of `splats`.
        """
        if self.interrupted:
            return splats
        steps = int(self.plan.iterations * FREE_SHARES[part])
        options = self._options(
            steps, cap=max(count, splats.n_gaussians), refine_stop=0.75,
            refine_every=int(np.clip(steps // 12, 10, 100)))
        return self._run(splats, options, "training", None, FREE_SHARES[part])

    def psnr(self, splats: Splats) -> float:
        """dB against a sample of the targets."""
        from codec.optimize.loop import mean_psnr, sample_views
        from codec.optimize.trainer import render_options

        sample = sample_views(len(self.views))
        return mean_psnr(splats, self.views, sample, render_options(self._options(1)))

    def incremental(self, splats: Splats, steps: Steps) -> tuple[Splats, CodingParams]:
        """Incremental quantization: ever more Gaussians are fixed where they decode to, the rest
        trains on and makes up for it (INQ, Zhou et al. 2017, there for networks' weights).

        Returns the scene and the parameters on whose grid its fixed Gaussians lie.
        """
        scene = canonical(splats)
        params = quantize_scene(prepare(scene), steps).params
        n, done = scene.n_gaussians, 0
        scene = scene.take(np.random.default_rng(self.plan.seed).permutation(n))
        share = QUANTIZED_SHARE / len(FIXED)
        for part in FIXED:
            done = int(part * n)
            fixed = quantized_scene(scene, steps, params).take(np.arange(done))
            scene = with_rows(scene, fixed, 0)
            if self.interrupted or not done:
                continue
            options = self._options(int(self.plan.iterations * share), cap=n, refine_stop=0.0,
                                    **FINISHING_RATES)
            scene = self._run(scene, options, "training quantized", None, share, frozen=done)
        return scene, params

    def nested(self, splats: Splats, ladder: Ladder, share: float, frozen: int = 0) -> Splats:
        """All tiers of a nested scene together: each step shows the scene up to one of them.

        share: of the iterations.   frozen: first rows that stay as they are.
        """
        if self.interrupted:
            return splats
        steps = int(self.plan.iterations * share)
        first = int(np.searchsorted(ladder.counts, frozen, side="right"))
        shares = np.array(ladder.counts[first:], np.float64) ** DRAW_EXPONENT
        rng = np.random.default_rng(self.plan.seed)
        draws = first + rng.choice(len(shares), steps + 1, p=shares / shares.sum())
        options = self._options(
            steps, cap=splats.n_gaussians, refine_stop=0.0 if frozen else 0.75,
            refine_every=int(np.clip(steps // 12, 10, 100)), groups=ladder.counts,
            **(FINISHING_RATES if frozen else {}))

        def shown(scene: Splats, step: int) -> Splats:
            return ladder.masked(scene, int(draws[step]))

        def all_tiers(scene: Splats) -> list[Splats]:
            return [ladder.masked(scene, k) for k in range(first, len(ladder.counts))]

        return self._run(splats, options, "training tiers", shown, share, all_tiers, frozen)

    def _options(self, iterations: int, **changes):
        from codec.optimize.options import TrainOptions

        plan = self.plan
        # Neither coarse images nor pulls on opacity and size: the start is a scene, not points.
        given = dict(iterations=max(iterations, 1), sh_degree=plan.sh_degree, degree_every=1e-9,
                     seed=plan.seed, threads=plan.threads, width=WIDTH, coarse=(), noise=0.0,
                     opacity_penalty=0.0, scale_penalty=0.0, antialiased=self._antialiased,
                     squared_weight=SQUARED_WEIGHT, **RATES)
        return TrainOptions(**{**given, **changes})

    def _run(self, splats: Splats, options, stage: str, parametrize, share: float,
             judged=None, frozen: int = 0) -> Splats:
        """judged: scene -> the scenes whose mean PSNR counts; None = the scene as it is shown."""
        from codec.optimize.loop import Best, Loop, Record, mean_psnr, sample_views
        from codec.optimize.trainer import Trainer, render_options

        trainer = Trainer(self.views, options, splats, 1.0, parametrize=parametrize,
                          frozen=frozen)
        sample, render = sample_views(len(self.views)), render_options(options)

        def measure(scene: Splats) -> dict:
            shown = parametrize(scene, trainer.step) if parametrize and not judged else scene
            scenes = judged(scene) if judged else [shown]
            db = float(np.mean([mean_psnr(s, self.views, sample, render) for s in scenes]))
            self.progress(stage, trainer.step / options.iterations, f"{db:.2f} dB")
            return {"psnr_train": db}

        best = Best(splats, measure(splats)["psnr_train"], 0)  # a stage never makes it worse
        every = int(np.clip(options.iterations // 8, 50, 500))
        loop = Loop(trainer, options.iterations, measure, Record(), best, measure_every=every,
                    budget=share * self.plan.budget, asked=self.stop)
        out = replace(loop.run(), comments=splats.comments)
        self.iterations += trainer.step
        if loop.record.ended == "interrupted":
            self.stop.set()
        return out


def canonical(splats: Splats) -> Splats:
    """The same scene in the codec's gauge, so that quantized and free values correspond."""
    scales, quats = quantize.canonical_gauge(splats.log_scales, splats.quats)
    return replace(splats, log_scales=scales.astype(np.float32), quats=quats.astype(np.float32))


def quantized_scene(splats: Splats, steps: Steps, like: CodingParams | None = None) -> Splats:
    """What a decoder would give for `splats` at `steps`, in the order of `splats`."""
    return dequantize(quantize_scene(prepare(splats), steps, like), splats)
