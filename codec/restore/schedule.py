"""Noise schedules in levels: from timesteps to the s that a stream signals, and one step back.

RF: rectified flow, x_s = (1 - s) x + s e. VP: variance preserving, x_t = a x + b e with
a = sqrt(abar_t). Equal signal-to-noise ratios are equal s = b / (a + b). A bare
timestep is no noise level: t = 199 is SNR 3.1 in SD-Turbo's schedule and 16.4 in SD3's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from codec.errors import UsageError
from codec.wire.restorer import ONE, PREDICTIONS, TIME_BITS

VELOCITY, EPSILON, V, X0 = 0, 1, 2, 3
RECTIFIED_FLOW, VARIANCE_PRESERVING = 0, 1


@dataclass(frozen=True, slots=True)
class VpSchedule:
    """A table of betas.   kind: "scaled_linear" (linear in their roots) or "linear"."""

    beta_start: float = 0.00085
    beta_end: float = 0.012
    steps: int = 1000
    kind: str = "scaled_linear"

    def alphas_cumprod(self) -> NDArray[np.float64]:
        """[steps] abar_t, in float64."""
        return _alphas_cumprod(self.beta_start, self.beta_end, self.steps, self.kind)

    def snr(self, t: float) -> float:
        """abar / (1 - abar) at a real timestep: log-linear between the integers."""
        table = self.alphas_cumprod()
        if not 0 <= t <= self.steps - 1:
            raise UsageError(f"timestep {t} is outside 0..{self.steps - 1}")
        low = min(int(t), self.steps - 2)
        ends = [log(table[i] / (1.0 - table[i])) for i in (low, low + 1)]
        return exp(ends[0] + (t - low) * (ends[1] - ends[0]))

    def signal_and_noise(self, t: float) -> tuple[float, float]:
        """(a, b) at a real timestep."""
        ratio = self.snr(t)
        return sqrt(ratio / (1.0 + ratio)), sqrt(1.0 / (1.0 + ratio))

    def level(self, t: float) -> float:
        """s = b / (a + b) of a real timestep."""
        a, b = self.signal_and_noise(t)
        return b / (a + b)


    def differentiable(self, t):
        """(a, b) of a torch scalar t, with a gradient to it."""
        import torch

        table = torch.from_numpy(self.alphas_cumprod())
        logs = torch.log(table / (1.0 - table)).to(t)
        low = int(t.detach().clamp(0, self.steps - 2))
        ratio = torch.exp(logs[low] + (t - low) * (logs[low + 1] - logs[low]))
        return torch.sqrt(ratio / (1.0 + ratio)), torch.sqrt(1.0 / (1.0 + ratio))


@lru_cache(maxsize=8)
def _alphas_cumprod(start: float, end: float, steps: int, kind: str) -> NDArray[np.float64]:
    if kind == "scaled_linear":
        betas = np.linspace(sqrt(start), sqrt(end), steps) ** 2
    elif kind == "linear":
        betas = np.linspace(start, end, steps)
    else:
        raise UsageError(f"unknown schedule {kind!r}: use scaled_linear or linear")
    return np.cumprod(1.0 - betas)


SD_TURBO = VpSchedule()
"""SD-Turbo and SD 2.1-base: epsilon prediction on this table."""


def shifted(u: float, shift: float = 3.0) -> float:
    """SD3's resolution shift: s = shift u / (1 + (shift - 1) u)."""
    return shift * u / (1.0 + (shift - 1.0) * u)


def flow_table(steps: int = 1000, shift: float = 3.0) -> NDArray[np.float64]:
    """Levels of FlowMatchEuler's table before set_timesteps, descending; no terminal zero."""
    return np.array([shifted(i / steps, shift) for i in range(steps, 0, -1)])


def nearest_level(time: float, steps: int = 1000, shift: float = 3.0) -> float:
    """The table's level whose timestep (1000 s) is nearest to `time`."""
    table = flow_table(steps, shift)
    return float(table[np.abs(table * steps - time).argmin()])


def to_fixed(level: float) -> int:
    """A level as the stream carries it, 2^-24."""
    return round(level * ONE)


def time_to_fixed(time: float) -> int:
    """A network time as the stream carries it, 1/64."""
    return round(time * (1 << TIME_BITS))


def clean_estimate(y, output, prediction: int, a: float, b: float, end: float = 0.0):
    """The estimate of the clean signal from the network's output at y = a x + b e.

    prediction: code of PREDICTIONS.   end: RF only, the level where a velocity step ends.
    """
    if prediction == VELOCITY:
        return y - (b - end) * output
    if prediction == EPSILON:
        return (y - b * output) / a
    if prediction == V:
        return a * y - b * output
    if prediction == X0:
        return output
    raise UsageError(f"unknown prediction {prediction}: {PREDICTIONS}")


def as_epsilon(y, output, prediction: int, a: float, b: float):
    """The noise that the output stands for (b > 0)."""
    if prediction == VELOCITY:
        return y + a * output
    if prediction == V:
        return b * y + a * output
    if prediction == X0:
        return (y - a * output) / b
    return output


def score(y, output, prediction: int, a: float, b: float):
    """Gradient of the log density at y: -e / b."""
    return -as_epsilon(y, output, prediction, a, b) / b
