"""One training on the CPU: explicit state, one step at a time, checkpoints.

>>> trainer = Trainer(views, options, splats, extent)
>>> while trainer.step < options.iterations: loss = trainer.advance()

A step renders one training view, compares, goes back through the renderer and Adam, and now and
then operates on the scene (`densify`). Every random draw follows from (seed, step), so a run
resumed from a checkpoint equals an uninterrupted one bit by bit.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from codec.errors import SceneError, UsageError
from codec.optimize.adam import ATTRIBUTES, Adam
from codec.optimize.checkpoint import Checkpoint, read_checkpoint
from codec.optimize.densify import make_strategy, sigmoid
from codec.optimize.losses import photo_loss
from codec.optimize.options import TrainOptions
from codec.optimize.photos import view_at
from codec.rendering import RenderOptions
from codec.rendering.backward import Gradients, GradRenderer
from codec.rendering.cpu import thread_pool
from codec.scene import Camera, Splats

Colour = tuple[float, float, float]
Target = tuple[Camera, NDArray[np.float32]]


class Views(Protocol):
    """Training views: photos, or renders of another scene."""

    def __len__(self) -> int: ...

    def view(self, index: int, shrink: int = 1) -> Target:
        """Camera and target image [H, W, 3] float32, `shrink` times smaller than full size."""

    def background(self, index: int) -> Colour:
        """RGB behind the scene in a view's target."""


Parametrize = Callable[[Splats, int], Splats]
"""(scene, step) -> the scene to render, e.g. up to a tier; gradients pass straight through."""


class Trainer:
    """State: step, splats, adam, strategy; changed by `advance` only.

    parametrize: what of the scene is rendered, for an encoder's re-optimization.
    frozen: rows at the front that stay as they are.
    """

    def __init__(self, views: Views, options: TrainOptions, splats: Splats, extent: float, *,
                 parametrize: Parametrize | None = None, frozen: int = 0) -> None:
        if not len(views):
            raise SceneError("no training views: at least two photos are needed")
        self.views, self.options, self.extent = views, options, extent
        self.splats = _own_copy(splats, options)
        self.adam = Adam.for_splats(self.splats)
        self.strategy = make_strategy(options, extent)
        self.step = 0
        self._parametrize, self._frozen = parametrize, frozen
        self._gradients: Gradients | None = None
        self._renderers: dict[tuple[int, Colour], GradRenderer] = {}

    def advance(self) -> float:
        """One iteration; returns the image loss of its view."""
        options = self.options
        index = view_at(self.step, len(self.views), options.seed)
        camera, target = self.views.view(index, options.shrink_at(self.step))
        renderer = self._renderer(options.degree_at(self.step), self.views.background(index))
        shown = self.splats if self._parametrize is None else self._parametrize(
            self.splats, self.step)
        frame = renderer.forward(shown, camera, depth=False)
        with thread_pool(options.threads):
            loss, d_rgb = photo_loss(frame.rgb, target, options.ssim_weight,
                                     options.squared_weight)
        gradients = renderer.backward(frame, d_rgb, self._space())
        self._penalize(gradients)
        self.strategy.observe(self.splats, gradients, camera)
        self._update(gradients)
        return loss

    def _update(self, gradients: Gradients) -> None:
        rates = self.options.rates_at(self.step, self.extent)
        seen = gradients.visible
        if self._frozen:
            seen = seen.copy()
            seen[: self._frozen] = False
        with thread_pool(self.options.threads):
            self.adam.step(self.splats, gradients, rates, seen, self._sizes())
            self.strategy.perturb(self.splats, rates["means"], self._rng(1))
        self.step += 1
        if self.options.refines_at(self.step):
            self.splats = self.strategy.refine(
                self.splats, self.adam, self._rng(2), self.step)
            self._gradients = None

    def _sizes(self) -> dict[str, NDArray[np.float32]]:
        """[N] factors on the step sizes, by attribute."""
        if self.options.means_unit == "extent":
            return {}
        sigma = self.splats.log_scales.mean(axis=1)
        return {"means": np.exp((sigma + np.median(sigma)) / 2)}

    def _penalize(self, gradients: Gradients) -> None:
        """The MCMC paper's pull on opacity and size; only on Gaussians seen."""
        if self.options.strategy == "classic":
            return
        n = self.splats.n_gaussians
        opacity = sigmoid(self.splats.opacity_logits)
        weight = np.float32(self.options.opacity_penalty / n)
        gradients.opacity_logits += weight * opacity * (1 - opacity)
        weight = np.float32(self.options.scale_penalty / (3 * n))
        gradients.log_scales += weight * np.exp(self.splats.log_scales)

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.Generator(np.random.SFC64([self.options.seed, purpose, self.step]))

    def _renderer(self, degree: int, background: Colour) -> GradRenderer:
        key = degree, background
        if key not in self._renderers:
            how = replace(render_options(self.options, degree), background=background)
            self._renderers[key] = GradRenderer(how)
        return self._renderers[key]

    def _space(self) -> Gradients:
        if self._gradients is None:
            self._gradients = Gradients.empty_like(self.splats)
        return self._gradients

    def save(self, path: str | os.PathLike[str], extra: dict | None = None,
             best: Splats | None = None) -> None:
        """Write a checkpoint atomically; `extra` (JSON) and `best` are given back by `load`."""
        arrays = {f"splats.{name}": getattr(self.splats, name) for name in ATTRIBUTES}
        arrays |= {f"first.{name}": self.adam.first[name] for name in ATTRIBUTES}
        arrays |= {f"second.{name}": self.adam.second[name] for name in ATTRIBUTES}
        arrays |= {f"strategy.{name}": a for name, a in self.strategy.arrays().items()}
        arrays["steps"] = self.adam.steps
        Checkpoint("cpu", self.step, self.extent, arrays, extra or {}, best).write(
            path, self.options)

    def load(self, path: str | os.PathLike[str]) -> tuple[dict, Splats | None]:
        """Continue from a checkpoint of the same options; returns its `extra` and `best`.

        Raises SceneError for a damaged file, UsageError when the options differ.
        """
        found = read_checkpoint(path, "cpu", self.options)
        arrays = found.arrays
        self.splats = replace(self.splats, **{n: arrays[f"splats.{n}"] for n in ATTRIBUTES})
        self.adam = replace(self.adam, first={n: arrays[f"first.{n}"] for n in ATTRIBUTES},
                            second={n: arrays[f"second.{n}"] for n in ATTRIBUTES},
                            steps=arrays["steps"])
        self.strategy.restore({k.removeprefix("strategy."): v for k, v in arrays.items()
                               if k.startswith("strategy.")})
        self.step, self.extent, self._gradients = found.step, found.extent, None
        return found.extra, found.best


def render_options(options: TrainOptions, degree: int | None = None) -> RenderOptions:
    """How the training renders, also for measuring it."""
    return RenderOptions(background=options.background, near_plane=options.near_plane,
                         antialiased=options.antialiased, backend="cpu", sh_degree=degree,
                         threads=options.threads)


def _own_copy(splats: Splats, options: TrainOptions) -> Splats:
    """A copy whose arrays may be changed in place, with room for the SH degree asked for."""
    if splats.n_gaussians > options.cap:
        raise UsageError(f"{splats.n_gaussians} Gaussians to start with exceed the cap "
                         f"of {options.cap}")
    k = (options.sh_degree + 1) ** 2 - 1
    rest = np.zeros((splats.n_gaussians, k, 3), np.float32)
    used = min(k, splats.shN.shape[1])
    rest[:, :used] = splats.shN[:, :used]
    arrays = {name: np.array(getattr(splats, name), np.float32, order="C")
              for name in ATTRIBUTES if name != "shN"}
    return Splats(**arrays, shN=rest, antialiased=options.antialiased)

