"""Options of a training, one frozen object, and the rates they stand for at a step."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from codec.errors import UsageError

STRATEGIES = ("mcmc", "split", "classic")
MEANS_UNITS = ("extent", "sigma")


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """How to train a scene.

    The rates are four to eight times those of 3DGS (Kerbl et al. 2023), which are meant for 30,000
    iterations, and decay: at a fifth of the iterations that is worth more than a decibel.

    iterations: views seen.             cap: most Gaussians at any time.
    sh_degree: 0..3, reached in steps of `degree_every` (share of the iterations).
    width: of the photos in pixels, at most.        background: RGB behind the scene.
    strategy: "mcmc" (Kheradmand et al. 2024), "classic" (clone, split and prune by gradient) or
    "split" (division by gradient on a schedule; gsplat: mcmc): see `codec.optimize.densify`.
    refine_every, refine_start, refine_stop: iterations, and shares of all iterations.
    growth: new Gaussians per refinement at most, as a share of those there (mcmc).
    grown: share of the iterations after which the cap is reached (split).
    coarse: ((share, shrink), ...): up to that share of the iterations images are so much smaller.
    ssim_weight: of 1 - SSIM beside the mean absolute error, which weighs the rest of 1.
    squared_weight: if not 0, of the mean squared error in the place of the absolute one.
    means_rate, means_rate_end: per `means_unit`, decaying exponentially.
    means_unit: "extent" of the scene, or "sigma": the geometric mean of a Gaussian's scales, half
    way (in logarithms) to its median over the scene.
    rates_end: share of the other rates left at the end, decaying exponentially.
    groups: ends of runs of rows within which spent Gaussians are replaced (split), () = one run.
    seed: of every random draw; a run is reproducible.   threads: 0 = all cores.
    """

    iterations: int = 6_000
    cap: int = 100_000
    sh_degree: int = 3
    degree_every: float = 0.1
    width: int = 480
    background: tuple[float, float, float] = (0.0, 0.0, 0.0)
    strategy: str = "split"
    refine_every: int = 100
    refine_start: float = 0.03
    refine_stop: float = 0.85
    growth: float = 0.05
    grown: float = 0.5
    coarse: tuple[tuple[float, int], ...] = ((0.04, 4), (0.15, 2))
    ssim_weight: float = 0.2
    squared_weight: float = 0.0
    means_rate: float = 6.4e-4
    means_rate_end: float = 1.6e-6
    means_unit: str = "extent"
    rates_end: float = 0.1
    scales_rate: float = 2e-2
    quats_rate: float = 6e-3
    opacity_rate: float = 5e-2
    sh0_rate: float = 1e-2
    shn_rate: float = 1e-3
    min_opacity: float = 0.005
    noise: float = 5e5
    opacity_penalty: float = 0.01
    scale_penalty: float = 0.01
    grow_gradient: float = 2e-4
    near_plane: float = 0.01
    antialiased: bool = False
    groups: tuple[int, ...] = ()
    seed: int = 0
    threads: int = 0

    def __post_init__(self) -> None:
        if self.strategy not in STRATEGIES:
            raise UsageError(f"the strategy must be one of {', '.join(STRATEGIES)}")
        if self.iterations < 1 or self.cap < 1 or self.refine_every < 1:
            raise UsageError("iterations, cap and refine_every must be at least 1")
        if self.means_unit not in MEANS_UNITS:
            raise UsageError(f"means_unit must be one of {', '.join(MEANS_UNITS)}")
        if self.means_unit == "sigma" and self.noise:
            raise UsageError("noise on the means is for rates by extent: set noise to 0")
        if not 0 <= self.sh_degree <= 3:
            raise UsageError("the SH degree must lie in 0..3")
        if self.width < 16:
            raise UsageError("the width must be at least 16 pixels")
        if not (self.means_rate > 0 and self.means_rate_end > 0 and self.rates_end > 0):
            raise UsageError("the rates of the means, and rates_end, must be positive")

    def to_dict(self) -> dict:
        return asdict(self)

    def degree_at(self, step: int) -> int:
        """SH degree in use at a step."""
        return min(self.sh_degree, int(step / max(1.0, self.degree_every * self.iterations)))

    def shrink_at(self, step: int) -> int:
        """How many times smaller the images are at a step."""
        for share, shrink in self.coarse:
            if step < share * self.iterations:
                return shrink
        return 1

    def rates_at(self, step: int, extent: float) -> dict[str, float]:
        """Step size by attribute; the means' for a scene of `extent` world units, or per sigma."""
        done = min(1.0, step / self.iterations)
        means = self.means_rate ** (1 - done) * self.means_rate_end**done
        share = self.rates_end**done
        unit = extent if self.means_unit == "extent" else 1.0
        return {"means": means * unit, "log_scales": share * self.scales_rate,
                "quats": share * self.quats_rate, "opacity_logits": share * self.opacity_rate,
                "sh0": share * self.sh0_rate,
                "shN": share * self.shn_rate if self.degree_at(step) else 0.0}

    def count_at(self, step: int, first: int) -> int:
        """Gaussians wanted at a step of a training that began with `first` (geometric growth)."""
        start, stop = self.refine_start * self.iterations, self.grown * self.iterations
        done = min(1.0, max(0.0, (step - start) / max(1.0, stop - start)))
        return int(first ** (1 - done) * self.cap**done)

    def refines_at(self, step: int) -> bool:
        """Whether Gaussians are added, moved or removed after this step."""
        start, stop = (share * self.iterations for share in (self.refine_start, self.refine_stop))
        return start <= step < stop and step % self.refine_every == 0
