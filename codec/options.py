"""Options of the encoder, the decoder and the renderer: frozen, checked on construction."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from codec.errors import UsageError

PRUNE_STRATEGIES = ("combined", "exgs", "footprint", "gode", "lightgaussian", "merge")

RESTORE_CHOICES = ("auto", "off", "on", "small", "nifi", "gausspainter", "gfix", "img2img")

ADAPT_CHOICES = ("auto", "off", "gfix")


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """How to encode.

    quality: 1..100, scaled to rendered error (higher is closer to the input).
    effort: 1..9; 1 and 2 (the same) set steps by a plan, from 3 on they are searched by rendering
    when a renderer is installed; 4 trains for low target sizes, each further one longer.
    target_size: bytes the whole file must not exceed.
    target_psnr: dB, renders against renders.
    ladder: rising sizes in bytes at which the file can be cut and still is a scene.
    sh_degree: keep at most this SH degree.              max_gaussians: keep the most visible ones.
    mode: "lossy", "near-lossless" or "lossless".        keep_order: lossless only, input order.
    keep_extra: carry extra per-Gaussian properties.     seed: of planned views, training, noise.
    tile_size: most Gaussians in one tile.               threads: 0 = all cores; same bytes always.
    prune: drop Gaussians that no view can see or that are too faint for the quality, and thin and
    train the scene for low target sizes; False keeps every Gaussian. Ladders need it.
    time_budget: seconds of training at most, of the scene and of maps, 0 = as many iterations as
    the effort says; with a budget the bytes depend on the machine's speed.
    prune_strategy: how Gaussians get fewer, for `max_gaussians` and low target sizes, from effort 3
    on (codec.encoder.pruning).
    restore: "off" (splatenc's default is "auto"); "auto" signals the packaged restorer where it
    helps, "on" always; or a kind.
    adapt: per-scene maps for the restorer: "auto" trains some from effort 5 on at low target
    sizes where `restore` is not "off"; "gfix" always, and signals a restorer for them whatever
    `restore` says; "off" never. adapt_iterations: of that training.
    weights: folder of restorer weights, or "hub".   device: for restorers, "auto", "cpu", "cuda".
    """

    quality: float = 75.0
    effort: int = 5
    target_size: int | None = None
    target_psnr: float | None = None
    ladder: tuple[int, ...] = ()
    sh_degree: int | None = None
    max_gaussians: int | None = None
    mode: str = "lossy"
    keep_order: bool = False
    keep_extra: bool = False
    seed: int = 0
    tile_size: int = 262144
    threads: int = 0
    prune: bool = True
    time_budget: float = 0.0
    prune_strategy: str = "combined"
    restore: str = "off"
    adapt: str = "auto"
    adapt_iterations: int = 300
    weights: str | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100:
            raise UsageError("quality must lie in 1..100")
        if not 1 <= self.effort <= 9:
            raise UsageError("effort must lie in 1..9")
        if self.mode not in ("lossy", "near-lossless", "lossless"):
            raise UsageError("mode must be lossy, near-lossless or lossless")
        if self.mode != "lossy" and (self.target_size or self.target_psnr):
            raise UsageError("a target size or PSNR needs the lossy mode")
        if self.target_size and self.target_psnr:
            raise UsageError("give a target size or a target PSNR, not both")
        if self.ladder:
            self._check_ladder()
        if self.target_psnr is not None and not 0 < self.target_psnr < 1000:
            raise UsageError("the target PSNR must be a positive number of dB")
        if not 0 <= self.seed < 1 << 64:
            raise UsageError("the seed must lie in 0..2^64 - 1")
        if self.target_size is not None and self.target_size < 1:
            raise UsageError("the target size must be positive")
        if self.sh_degree is not None and not 0 <= self.sh_degree <= 3:
            raise UsageError("the SH degree must lie in 0..3")
        if not self.time_budget >= 0:
            raise UsageError("the time budget must be a number of seconds, not negative")
        if self.max_gaussians is not None and self.max_gaussians < 0:
            raise UsageError("max_gaussians must not be negative")
        if not 1024 <= self.tile_size <= 1 << 20:
            raise UsageError("tile_size must lie in 1024..1048576")
        if self.prune_strategy not in PRUNE_STRATEGIES:
            raise UsageError(f"the pruning strategy must be one of {', '.join(PRUNE_STRATEGIES)}")
        if self.restore not in RESTORE_CHOICES:
            raise UsageError(f"restore must be one of {', '.join(RESTORE_CHOICES)}")
        if self.mode != "lossy" and self.insists_on_restoring:
            raise UsageError("a restorer needs the lossy mode")
        if self.adapt not in ADAPT_CHOICES:
            raise UsageError(f"adapt must be one of {', '.join(ADAPT_CHOICES)}")
        if self.adapt_iterations < 1:
            raise UsageError("adapt_iterations must be positive")
        if self.keep_order and self.mode != "lossless":
            raise UsageError("keeping the order needs the lossless mode")

    def _check_ladder(self) -> None:
        if self.mode != "lossy" or self.target_size or self.target_psnr:
            raise UsageError("a ladder needs the lossy mode and no other target")
        if not 2 <= len(self.ladder) <= 16:
            raise UsageError("a ladder has 2 to 16 sizes")
        if min(self.ladder) < 1 or list(self.ladder) != sorted(set(self.ladder)):
            raise UsageError("the sizes of a ladder must be positive and rise")
        if self.keep_extra or self.max_gaussians is not None:
            raise UsageError("a nested file can neither keep extra properties nor a given number "
                             "of Gaussians; leave these options out")
        if not self.prune:
            raise UsageError("a ladder thins the scene for its small sizes: it needs pruning")
        if self.insists_on_restoring:
            raise UsageError("a nested file cannot signal a restorer yet; leave the option out")

    @property
    def insists_on_restoring(self) -> bool:
        """Whether a restorer, or maps for one, were asked for by name."""
        return self.adapt == "gfix" or self.restore not in ("auto", "off")

    def to_dict(self) -> dict:
        """The options by name, as plain values (for reports and JSON)."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DecoderLimits:
    """What a decoder accepts; exceeding it raises LimitExceeded before memory is taken.

    max_gaussians: whole scene.   max_memory: bytes that decoding may take (estimate).
    max_expansion: bytes of memory for each byte of the file, beyond the first 128 MiB; 0 = any.
    threads: 0 = all cores; never changes the result.
    allow_partial: a file cut at a layer end decodes to the coarser scene (with a warning).
    """

    max_gaussians: int = 1 << 26
    max_memory: int = 16 << 30
    max_expansion: int = 4096
    threads: int = 0
    allow_partial: bool = True
