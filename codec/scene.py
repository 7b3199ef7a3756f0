"""The data every layer shares: splats, cameras, rendered views. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from codec.errors import SceneError


@dataclass(frozen=True, slots=True)
class Splats:
    """A 3D Gaussian Splatting scene in graphdeco conventions (stored, not activated, values).

    means:          [N, 3] float32, world units.
    log_scales:     [N, 3] float32, natural log of the axis standard deviations.
    quats:          [N, 4] float32, w, x, y, z; need not be normalized.
    opacity_logits: [N] float32, opacity before the sigmoid.
    sh0:            [N, 3] float32, SH DC coefficients (RGB).
    shN:            [N, K-1, 3] float32, SH rest, coefficient-major; K = (sh_degree + 1)**2.
    antialiased:    trained with Mip-Splatting's antialiased compensation.
    extra:          further per-Gaussian properties by name, each [N], any dtype.
    comments:       free text lines of the source file.
    Raises SceneError when shapes disagree.
    """

    means: NDArray[np.float32]
    log_scales: NDArray[np.float32]
    quats: NDArray[np.float32]
    opacity_logits: NDArray[np.float32]
    sh0: NDArray[np.float32]
    shN: NDArray[np.float32]
    antialiased: bool = False
    extra: dict[str, NDArray] = field(default_factory=dict)
    comments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = self.means.shape[0]
        expected = {
            "means": (n, 3),
            "log_scales": (n, 3),
            "quats": (n, 4),
            "opacity_logits": (n,),
            "sh0": (n, 3),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise SceneError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")
        if self.shN.shape not in {(n, k, 3) for k in (0, 3, 8, 15)}:
            raise SceneError(f"shN has shape {self.shN.shape}, expected ({n}, 0|3|8|15, 3)")

    @property
    def n_gaussians(self) -> int:
        """Number of Gaussians, N."""
        return self.means.shape[0]

    @property
    def sh_degree(self) -> int:
        """SH degree, 0 to 3; follows from the shape of `shN`."""
        return {0: 0, 3: 1, 8: 2, 15: 3}[self.shN.shape[1]]

    def take(self, index: NDArray) -> Splats:
        """The Gaussians at `index` (integer or boolean), in that order."""
        return replace(
            self,
            means=self.means[index],
            log_scales=self.log_scales[index],
            quats=self.quats[index],
            opacity_logits=self.opacity_logits[index],
            sh0=self.sh0[index],
            shN=self.shN[index],
            extra={k: v[index] for k, v in self.extra.items()},
        )

    def with_sh_degree(self, degree: int) -> Splats:
        """Drop SH above `degree` (never adds)."""
        keep = (min(degree, self.sh_degree) + 1) ** 2 - 1
        return replace(self, shN=np.ascontiguousarray(self.shN[:, :keep]))


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera. x right, y down, z forward (OpenCV / COLMAP axes).

    world_to_camera: [4, 4] float64, rigid.
    fx, fy, cx, cy in pixels; pixel centres lie at +0.5, so the image centre is (width/2, height/2).
    name: image name without extension, distinct in a set; it is what a stream stores.
    image: path of the image as a camera file gives it; "" where `name` is all that is known. It is
    not stored in streams, and cameras that differ in it alone are the same.
    """

    world_to_camera: NDArray[np.float64]
    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    name: str = "view"
    image: str = field(default="", compare=False)

    @property
    def position(self) -> NDArray[np.float64]:
        """Camera centre in world units, [3]."""
        r, t = self.world_to_camera[:3, :3], self.world_to_camera[:3, 3]
        return -r.T @ t

    def resized(self, width: int) -> Camera:
        """Same view at another width in pixels, height in proportion (rounded)."""
        s = width / self.width
        height = max(1, round(self.height * s))
        sy = height / self.height
        return replace(
            self, fx=self.fx * s, fy=self.fy * sy, cx=self.cx * s, cy=self.cy * sy,
            width=width, height=height,
        )


@dataclass(frozen=True, slots=True)
class RenderedView:
    """One rendered view.

    rgb: [H, W, 3] float32, composited on the background, not clipped.
    alpha: [H, W] float32 in 0..1.
    depth: [H, W] float32, alpha-weighted mean camera z, 0 where empty.
    """

    camera: Camera
    rgb: NDArray[np.float32]
    alpha: NDArray[np.float32]
    depth: NDArray[np.float32]
