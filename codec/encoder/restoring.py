"""Whether and how a stream signals a restorer: measured on views, written only where it helps.

A restorer that invents is a defect for some uses, and an untrained one makes images worse (NiFi's
table: 9 of 9 cells), so each stream is judged by itself: decoded, rendered, restored, compared
with photos or with the input's own renders. Without the files LPIPS needs, a weaker stand-in
judges and asks for a larger gain (`codec.restore.perceptual`).
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codec.encoder.backdrop import Colour, is_open, photo_backdrop
from codec.encoder.container import add_boxes
from codec.encoder.plan_restoring import RestoringPlan
from codec.errors import BackendError
from codec.options import EncoderOptions
from codec.scene import Camera, Splats
from codec.wire.boxes import Box
from codec.wire.restorer import RestorerParams, write_restorer
from codec.wire.tables import MLRA, REST

if TYPE_CHECKING:
    from codec.core.mlra import MapGroup
    from codec.restore.base import Restorer
    from codec.restore.perceptual import Judge

AUTO_PSNR = 36.0
"""Streams whose renders come nearer than this to the input's have nothing to restore, dB."""
JUDGED_VIEWS, WIDTH = 6, 480
STRENGTHS = (255, 230, 204, 179, 153, 102)
TOLD_WORSE = (0, 12)
"""Fidelities tried, in 1/4 dB below the measured one: the worse the picture is said to be, the more
the network adds."""
MIN_GAIN, MIN_GAIN_STAND_IN = 0.03, 0.05
"""The mean distance has to fall by this share."""
MAX_PSNR_LOSS = 0.5
"""dB that a restored view may lie farther from its target than the plain one, in the mean."""
MAX_PSNR_LOSS_SOFT = 0.7
"""The same where targets are renders: they lack what photos have beside them, noise and detail, and
so the same change costs more dB against them, by a third and up (tools.restored_rd)."""
SOFT_TIE = 0.01
"""Of the plain distance. Photos want a little more than renders do, also with detail: distances
this near to the least are ties there, and the strongest of them counts."""
DETAIL_SHARE, DETAIL_TOLD = 0.5, 26.0
"""How far renders of the input are restored, and the fidelity in dB that the network is told, for
strength and maps to be chosen towards them: see `with_detail`."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Views of a decoded scene and what they should show.

    rgb, target: [H, W, 3] in 0..1.   alpha: [H, W].
    target_alpha: [H, W] where targets are renders, empty where they are photos.
    detailed: what restoring aims at in their place, or empty (see `with_detail`).
    """

    rgb: list[NDArray[np.float32]]
    alpha: list[NDArray[np.float32]]
    target: list[NDArray[np.float32]]
    target_alpha: list[NDArray[np.float32]] = field(default_factory=list)
    detailed: list[NDArray[np.float32]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rgb)

    @property
    def soft(self) -> bool:
        """Targets are renders, not photos."""
        return bool(self.target_alpha)

    @property
    def kind(self) -> str:
        """What the targets are, for reports."""
        if not self.soft:
            return "photos"
        return "renders of the input" + (
            ", aimed at with detail of the network's" if self.detailed else "")

    @property
    def wanted(self) -> list[NDArray[np.float32]]:
        """What restoring aims at."""
        return self.detailed or self.target

    def only(self, chosen: list[int]) -> Pictures:
        """Some of the views."""
        parts = (self.rgb, self.alpha, self.target, self.target_alpha, self.detailed)
        return Pictures(*([part[i] for i in chosen] if part else [] for part in parts))

    def psnr(self, images: list[NDArray] | None = None) -> float:
        """Mean over views of the PSNR of images (the plain ones when None) to the targets, dB."""
        from codec.optimize.losses import psnr

        pairs = zip(self.rgb if images is None else images, self.target, strict=True)
        return float(np.mean([min(psnr(a, b), 99.0) for a, b in pairs]))


def take_pictures(data: bytes, original: Splats, cameras: list[Camera], photos: Path | None,
                  background, threads: int) -> Pictures:
    """The decoded scene from the cameras, and its targets: photos, or the original's renders."""
    from codec.decoder.decode import decode
    from codec.rendering.base import RenderOptions
    from codec.rendering.cpu import CpuRenderer

    options = RenderOptions(background=background, threads=threads)
    renderer, decoded = CpuRenderer(options), decode(data)
    views = [renderer.render(decoded, camera) for camera in cameras]
    shown, alpha = [np.clip(v.rgb, 0, 1) for v in views], [v.alpha for v in views]
    if photos:
        return Pictures(shown, alpha, _photos_on(background, original, cameras, photos, renderer))
    targets = [renderer.render(original, camera) for camera in cameras]
    return Pictures(shown, alpha, [np.clip(v.rgb, 0, 1) for v in targets],
                    [v.alpha for v in targets])


def with_detail(pictures: Pictures, restorer: Restorer) -> Pictures:
    """The pictures with renders as targets made to look more like photos.

    A trained scene's renders are softer than what was photographed, and a network fitted to them
    learns restraint. Half restored, they came nearer to held-out photos on each of four captured
    scenes (LPIPS alex .90 to .98, squeeze .88 to .97 of their own distance). A cut-out object
    (see `backdrop`) and kinds that are not told a fidelity keep their renders.
    """
    from codec.restore.small_backend import fidelity_condition

    settings = restorer.params
    if not pictures.soft or settings.kind_name != "small" or is_open(pictures.target_alpha):
        return pictures
    restorer.params = replace(settings, condition=fidelity_condition(DETAIL_TOLD), mask=0)
    originals = Pictures(pictures.target, pictures.target_alpha, pictures.target)
    found = restored_images(restorer, originals)
    restorer.params = settings
    return replace(pictures, detailed=[_mixed(a, b, DETAIL_SHARE) for a, b in
                                     zip(pictures.target, found, strict=True)])


def _mixed(plain: NDArray[np.float32], restored: NDArray[np.float32], strength: float):
    return np.clip(plain + np.float32(strength) * (restored - plain), 0, 1)


def _photos_on(background: Colour, original: Splats, cameras: list[Camera], photos: Path,
               renderer) -> list[NDArray[np.float32]]:
    """Photos; those of an open scene as they would be on another background."""
    from codec.encoder.reopt import photo_views

    images = [image / np.float32(255) for image in photo_views(cameras, photos).images]
    backdrop = photo_backdrop(original, cameras, photos, renderer.options.threads)
    if backdrop in (None, background):
        return images
    change = np.array(background, np.float32) - np.array(backdrop, np.float32)
    return [np.clip(image + (1 - renderer.render(original, camera).alpha[..., None]) * change, 0, 1)
            for image, camera in zip(images, cameras, strict=True)]


def spread(cameras: list[Camera], most: int) -> list[Camera]:
    """At most `most` cameras, evenly over the list, at most WIDTH pixels wide."""
    n = min(len(cameras), most)
    chosen = [cameras[i * len(cameras) // n] for i in range(n)]
    return [c.resized(WIDTH) if c.width > WIDTH else c for c in chosen]


def signal_restorer(data: bytes, plan: RestoringPlan, original: Splats, options: EncoderOptions,
                    seen: tuple[list[Camera] | None, Path | None], progress,
                    report: dict) -> bytes:
    """The stream with REST (and MLRA), or as it was where restoring does not help.

    seen: cameras, or None for planned ones, and the folder of their photos, or None.
    report["restorer"] says what was measured, by which judge, and what was decided.
    """
    facts = report["restorer"] = {"kind": plan.settings.kind_name, "signalled": False}
    psnr = report.get("psnr")
    if not plan.insists and psnr is not None and psnr >= AUTO_PSNR:
        facts["reason"] = f"renders are within {psnr:.1f} dB of the input's"
        return data
    progress("restoring", 0.9, plan.settings.kind_name)
    try:
        with torch_threads(options.threads):
            trial = _Trial.start(data, plan, original, options, *seen)
            return trial.finish(data, plan, options, progress, facts)
    except (BackendError, RuntimeError) as problem:  # RuntimeError: torch, such as out of memory
        if plan.insists and isinstance(problem, BackendError):
            raise
        if plan.insists:
            raise BackendError(f"the restorer failed: {problem}") from problem
        facts.clear()
        facts |= {"kind": plan.settings.kind_name, "signalled": False, "reason": str(problem)}
        return data


@contextmanager
def torch_threads(threads: int):
    """torch with at most so many threads, 0 = as many as it likes."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@dataclass(slots=True)
class _Trial:
    """A restorer tried on pictures of a stream.   judged, trained: the views' places in them."""

    pictures: Pictures
    settings: RestorerParams
    judge: Judge
    restorer: Restorer
    judged: list[int]
    trained: list[int] = field(default_factory=list)

    @classmethod
    def start(cls, data, plan, original, options, cameras, photos) -> _Trial:
        from codec.encoder.adapt import TRAINED_VIEWS
        from codec.encoder.search import encoder_views
        from codec.restore.perceptual import find_judge
        from codec.restore.registry import build
        from codec.restore.small_backend import fidelity_condition
        from codec.restore.weights import WeightStore

        store = WeightStore(options.weights)
        given = encoder_views(original, cameras, options).cameras
        chosen = spread(given, JUDGED_VIEWS + (TRAINED_VIEWS if plan.adapts else 0))
        background = tuple(value / 255 for value in plan.settings.background)
        pictures = take_pictures(data, original, chosen, photos, background, options.threads)
        settings = plan.settings
        if settings.kind_name == "small":
            settings = replace(settings, condition=fidelity_condition(pictures.psnr()))
        restorer = build(settings, (), store, device=options.device)
        pictures = with_detail(pictures, restorer)
        every = list(range(len(chosen)))
        step = -(-len(every) // JUDGED_VIEWS)
        judged = every[::step]
        trained = [i for i in every if i not in judged] or every
        return cls(pictures, settings, find_judge(store), restorer, judged, trained)

    def choose_condition(self, shown: Pictures) -> Verdict:
        """The best verdict over fidelities told and, for the packaged network, over mask guidance
        (ExGS) and none; settings and restorer are left with the best."""
        found = []
        for params in self._conditions():
            self.restorer.params = params
            images = restored_images(self.restorer, shown)
            found.append((choose_strength(shown, images, self.judge), params))
        verdict, self.settings = min(found, key=lambda x: (not x[0].helps, x[0].wanted))
        self.restorer.params = self.settings
        return verdict

    def _conditions(self) -> list[RestorerParams]:
        measured = self.settings.condition
        told = [max(measured - x, min(measured, 1)) for x in (TOLD_WORSE if measured else (0,))]
        masks = (self.settings.mask, 0) if self.settings.kind_name == "small" else (
            self.settings.mask,)
        return [replace(self.settings, condition=c, mask=m) for m in dict.fromkeys(masks)
                for c in told]

    def finish(self, data: bytes, plan: RestoringPlan, options: EncoderOptions, progress,
               facts: dict) -> bytes:
        """Decide, and write what was decided."""
        shown = self.pictures.only(self.judged)
        facts["targets"] = shown.kind
        verdict = self.choose_condition(shown)
        facts |= verdict.facts(self.judge, len(shown))
        maps: tuple[MapGroup, ...] = ()
        if plan.adapts:
            from codec.encoder.adapt import adapt

            self.settings, maps, images = adapt(self, len(data), options, progress, facts)
            verdict = choose_strength(shown, images, self.judge)
            facts |= verdict.facts(self.judge, len(shown))
        if not (verdict.helps or plan.required):
            facts["reason"] = verdict.reason
            return data
        settings = replace(self.settings, strength=verdict.strength)
        boxes = [Box(REST, write_restorer(settings))]
        if maps:
            from codec.core.mlra import write_maps

            boxes.append(Box(MLRA, write_maps(list(maps))))
        size = sum(box.size for box in boxes)
        if options.target_size is not None and len(data) + size > options.target_size:
            facts["reason"] = f"its {size} bytes do not fit into the target size"
            return data
        facts |= {"signalled": True, "bytes": size, "strength": verdict.strength / 255,
                  "condition": settings.condition, "mask": settings.mask,
                  "map_bytes": boxes[-1].size if maps else 0}
        return add_boxes(data, boxes)


def restored_images(restorer: Restorer, shown: Pictures) -> list[NDArray[np.float32]]:
    """Each picture restored at full strength (noise of view 0, 1, ..)."""
    return [restorer.restore(rgb[None], alpha[None], [i])[0]
            for i, (rgb, alpha) in enumerate(zip(shown.rgb, shown.alpha, strict=True))]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What restoring brings at the best strength.   reason: why it does not help, else "".

    plain, restored: distances to the targets.   wanted: of the restored views to what is wanted.
    by_strength: (distance to what is wanted, PSNR to the targets) at each strength tried.
    """

    strength: int
    plain: float
    restored: float
    wanted: float
    psnr_plain: float
    psnr_restored: float
    reason: str
    by_strength: dict[float, tuple[float, float]]

    @property
    def helps(self) -> bool:
        return not self.reason

    def facts(self, judge: Judge, n_views: int) -> dict:
        return {"judge": judge.name, "views": n_views, "distance_plain": self.plain,
                "distance_restored": self.restored, "psnr_plain": self.psnr_plain,
                "psnr_restored": self.psnr_restored, "by_strength": self.by_strength}


def choose_strength(shown: Pictures, images: list[NDArray], judge: Judge) -> Verdict:
    """The strength of least mean distance to what is wanted that keeps the fidelity (SOFT_TIE)."""
    def mixed(strength: int) -> list[NDArray[np.float32]]:
        return [_mixed(a, b, strength / 255) for a, b in zip(shown.rgb, images, strict=True)]

    psnr_plain, found = shown.psnr(), []
    for strength in STRENGTHS:
        views = mixed(strength)
        found.append((mean_distance(views, shown.wanted, judge), strength, shown.psnr(views)))
    allowed = MAX_PSNR_LOSS_SOFT if shown.soft else MAX_PSNR_LOSS
    faithful = [x for x in found if x[2] >= psnr_plain - allowed]
    among = faithful or found
    limit = min(among)[0]
    if shown.soft:
        limit += SOFT_TIE * mean_distance(shown.rgb, shown.wanted, judge)
    wanted, strength, psnr = max((x for x in among if x[0] <= limit), key=lambda x: x[1])
    plain = mean_distance(shown.rgb, shown.target, judge)
    restored = mean_distance(mixed(strength), shown.target, judge)
    least = MIN_GAIN if judge.net is not None else MIN_GAIN_STAND_IN
    reason = ""
    if not faithful:
        reason = f"views would lie more than {allowed} dB farther from their targets"
    elif restored > (1 - least) * plain:
        reason = f"views would not come {least:.0%} nearer to their targets ({judge.name})"
    by_strength = {round(x[1] / 255, 2): (round(x[0], 5), round(x[2], 3)) for x in found}
    return Verdict(strength, plain, restored, wanted, psnr_plain, psnr, reason, by_strength)


def mean_distance(images: list[NDArray], targets: list[NDArray], judge: Judge) -> float:
    """The judge's mean over pairs of pictures."""
    return float(np.mean([judge.score(a, b) for a, b in zip(images, targets, strict=True)]))
