"""Which Gaussians each tier of a nested stream has, and what a decoder shows of them (spec 5.8)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from codec.errors import SceneError
from codec.scene import Splats
from codec.wire import tables

ATTRIBUTES = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
_HIDDEN = -30.0  # opacity logit that no renderer draws
SHRINK_EXPONENT = 0.25
MOST_SHRINK = tables.REPLACES - 1


@dataclass(frozen=True, slots=True)
class Ladder:
    """Tiers of one scene, whose rows stand tier by tier.

    counts: rows up to each tier's end.   degrees: SH degree of each tier.
    """

    counts: tuple[int, ...]
    degrees: tuple[int, ...]

    @property
    def shrinks(self) -> tuple[int, ...]:
        """MODL's `shrink` of each tier, 1/64 nat.

        Where Gaussians lie closer they should be smaller. On surfaces, n times as many lie
        sqrt(n) closer, ln(n) / 2 in nats; half of that measured best.
        """
        ratios = [b / a for a, b in zip(self.counts[:-1], self.counts[1:], strict=True)]
        each = [min(round(64 * SHRINK_EXPONENT * np.log(r)), MOST_SHRINK) for r in ratios]
        return (0, *each)

    def rows(self, tier: int) -> slice:
        return slice(self.counts[tier - 1] if tier else 0, self.counts[tier])

    def masked(self, scene: Splats, tier: int) -> Splats:
        """The scene up to `tier` with all rows kept: those of later tiers are invisible."""
        out = self._shown(scene, tier)
        out.opacity_logits[self.counts[tier] :] = _HIDDEN
        return out

    def upto(self, scene: Splats, tier: int) -> Splats:
        """What a decoder shows of `scene` up to `tier`; scene: rows of these tiers at least."""
        return self._shown(scene.take(np.arange(self.counts[tier])), tier)

    def _shown(self, scene: Splats, tier: int) -> Splats:
        log_scales, rest = scene.log_scales.copy(), scene.shN.copy()
        for earlier in range(tier):
            log_scales[self.rows(earlier)] -= np.float32(sum(
                self.shrinks[earlier + 1 : tier + 1]) / 64)
        for k, degree in enumerate(self.degrees):
            rest[self.rows(k), (degree + 1) ** 2 - 1 :] = 0
        return replace(scene, log_scales=log_scales, shN=rest,
                       opacity_logits=scene.opacity_logits.copy())


def reported_tiers(data: bytes, sizes: tuple[int, ...], error) -> list[dict]:
    """What a file shows at each of its sizes.   error: a probe.ViewError or None.

    Raises SceneError for a tier that ends too late.
    """
    from codec.decoder.decode import decode
    from codec.decoder.info import stream_info

    found = stream_info(data)["tiers"]
    ends = [tier["bytes"] for tier in found[:-1]] + [len(data)]
    tiers = []
    for k, (size, end) in enumerate(zip(sizes, ends, strict=True)):
        if end > size:
            raise SceneError(f"cannot reach {size} bytes: the smallest stream has {end}; "
                             "leave the size out of the ladder, or lower --sh-degree",
                             code="size")
        shown = decode(data, tiers=k + 1)
        tiers.append({"target": size, "bytes": end, "n_gaussians": shown.n_gaussians,
                      "replaces": found[k]["replaces"],
                      "psnr": None if error is None else error.psnr(shown)})
    return tiers


def joined(parts: list[Splats]) -> Splats:
    """Scenes of one SH degree, one after the other."""
    arrays = {name: np.concatenate([getattr(part, name) for part in parts])
              for name in ATTRIBUTES}
    return replace(parts[0], extra={}, **arrays)


def with_rows(scene: Splats, new: Splats, start: int) -> Splats:
    """`scene` with `new` in place of its rows from `start` on."""
    end = start + new.n_gaussians
    arrays = {name: np.concatenate([getattr(scene, name)[:start], getattr(new, name),
                                    getattr(scene, name)[end:]]) for name in ATTRIBUTES}
    return replace(scene, **arrays)
