"""Options of the renderer and the maths every back end shares.

The image of a scene is defined as follows (graphdeco 3DGS with the rules of gsplat 1.5.3;
EWA splatting of Zwicker et al. 2001, antialiasing of Mip-Splatting, Yu et al. 2024).

1. Camera frame: t = R mean + tr. Gaussians with t_z < near_plane, or whose projection is not
   finite, are skipped.
2. Covariance: S = M M^T with M = R_q diag(exp(log_scales)), q normalized.
3. Projection: J = d(pixel)/dt at t, where t_x / t_z and t_y / t_z are held inside the field of
   view widened by 0.3 tan(fov / 2) a side; S2 = J R S R^T J^T + low_pass * I.
4. Opacity: o = sigmoid(opacity_logits); antialiased: o *= sqrt(max(0, det(S2 - low_pass I) /
   det(S2))).
5. Colour: max(0, SH(direction from camera to mean) + 0.5).
6. Order: by t_z rounded to float32, ties by index. Pixel centres lie at +0.5.
7. Pixel p, front to back: alpha = min(max_alpha, o exp(-d^T S2^-1 d / 2)); skipped when
   alpha < alpha_cut; T' = T (1 - alpha); stop, without adding, when T' <= T_MIN; else
   colour += alpha T c and T = T'.
8. rgb = colour + T background; alpha = 1 - T; depth = sum(alpha T t_z) / (1 - T).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from codec.errors import UsageError
from codec.scene import Splats

T_MIN = 1e-4
"""Compositing stops before the transmittance falls to this."""

FOV_MARGIN = 0.3
"""Share of tan(fov / 2) by which the point of linearisation may leave the image."""

BACKENDS = ("auto", "cpu", "cuda", "reference")

# Real spherical harmonics in the sign convention of graphdeco.
SH_C0 = 0.28209479177387814
SH_C1 = 0.4886025119029199
SH_C2 = (1.0925484305920792, 0.31539156525252005, 0.5462742152960396)
SH_C3 = (0.5900435899266435, 2.890611442640554, 0.4570457994644658, 0.3731763325901154,
         1.445305721320277)


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How to render.

    background: RGB behind the scene.      antialiased: None = as the splats say.
    backend: "auto", "cpu", "cuda" or "reference".
    near_plane: camera z, world units.     low_pass: added to the 2D variance, pixels squared.
    alpha_cut: smaller alphas are skipped. max_alpha: larger ones are clamped (gsplat: 0.999).
    threads: 0 = all cores; never changes the image.   sh_degree: use at most this degree.
    """

    background: tuple[float, float, float] = (0.0, 0.0, 0.0)
    antialiased: bool | None = None
    backend: str = "auto"
    near_plane: float = 0.01
    low_pass: float = 0.3
    alpha_cut: float = 1.0 / 255.0
    max_alpha: float = 0.999
    threads: int = 0
    sh_degree: int | None = None

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise UsageError(f"backend must be one of {', '.join(BACKENDS)}")
        if len(self.background) != 3:
            raise UsageError("background must have three values")
        if not self.near_plane > 0:
            raise UsageError("near_plane must be positive")
        if not 0 < self.low_pass < 100:
            raise UsageError("low_pass must lie in 0..100 and be positive")
        if not 1e-6 <= self.alpha_cut < self.max_alpha < 1:
            raise UsageError("need 1e-6 <= alpha_cut < max_alpha < 1")
        if self.threads < 0:
            raise UsageError("threads must not be negative")
        if self.sh_degree is not None and not 0 <= self.sh_degree <= 3:
            raise UsageError("the SH degree must lie in 0..3")

    def to_dict(self) -> dict:
        """The options by name, as plain values (for reports and JSON)."""
        return asdict(self)


def wants_antialiasing(splats: Splats, options: RenderOptions) -> bool:
    """Whether the opacities are compensated for the low-pass filter."""
    return splats.antialiased if options.antialiased is None else options.antialiased


def sh_degree_used(splats: Splats, options: RenderOptions) -> int:
    """SH degree that enters the image, 0..3."""
    if options.sh_degree is None:
        return splats.sh_degree
    return min(splats.sh_degree, options.sh_degree)
