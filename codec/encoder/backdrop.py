"""What lies behind a scene that does not fill its views: cut-out objects, captures without a sky.

On one backdrop a Gaussian of its colour and none at all look the same, so such a scene, called
open here, is judged and trained on two: what fits both has the right alpha on any other.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.scene import Camera, RenderedView, Splats

Colour = tuple[float, float, float]
BLACK: Colour = (0.0, 0.0, 0.0)
WHITE: Colour = (1.0, 1.0, 1.0)
OPEN_SHARE = 0.1
"""Share of pixels with less than half of the scene's light that makes a scene open."""
CLEAR = 0.02
"""Largest alpha of pixels that show what is behind the scene."""
UNIFORM = 0.04
"""Mean difference to one colour of what still counts as a backdrop, in 0..1."""
LOOKED_AT = 6


def is_open(alphas: list[NDArray[np.float32]]) -> bool:
    """Whether views of these alphas [H, W], in 0..1, show much of what is behind the scene."""
    return bool(alphas) and float(np.mean([np.mean(a < 0.5) for a in alphas])) >= OPEN_SHARE


def composited(view: RenderedView, colour: Colour) -> NDArray[np.float32]:
    """A view that was rendered on black, on another backdrop: [H, W, 3], not clipped."""
    if colour == BLACK:
        return view.rgb
    return view.rgb + (1 - view.alpha[..., None]) * np.array(colour, np.float32)


def photo_backdrop(splats: Splats, cameras: list[Camera], photos: Path,
                   threads: int = 0) -> Colour | None:
    """The one colour that photos of an open scene show where the scene has nothing.

    None where the scene is not open. Black where it is but the photos show more than one colour
    there. Raises SceneError for a photo that is missing, BackendError without a renderer.
    """
    from codec.encoder.reopt import photo_views
    from codec.rendering.base import RenderOptions
    from codec.rendering.cpu import CpuRenderer

    chosen = cameras[:: -(-len(cameras) // LOOKED_AT)]
    renderer = CpuRenderer(RenderOptions(threads=threads))
    views = [renderer.render(splats, camera) for camera in chosen]
    if not is_open([view.alpha for view in views]):
        return None
    images = photo_views(chosen, photos).images
    behind = np.concatenate([image[view.alpha < CLEAR] for image, view in
                             zip(images, views, strict=True)]).astype(np.float32) / 255
    if not len(behind):
        return BLACK
    colour = np.median(behind, axis=0)
    if float(np.abs(behind - colour).mean()) > UNIFORM:
        return BLACK
    return tuple(round(float(c), 3) for c in colour)
