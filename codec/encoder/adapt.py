"""mLoRA in the encoder (`--adapt gfix`): small integer maps that fit a restorer to one scene.

Frozen factors, trained maps: uniform noise on the rate path, straight-through on the distortion
path, a zero-inflated two-sided geometric model refitted to the maps at every step, and a Lagrange
multiplier that follows a byte budget (GFix, arXiv 2511.06953). Maps are
kept only where they pay for their bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import cos, exp, log, log2, pi
from time import monotonic

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from codec.core.mlra import PROMPT_LIST, MapGroup, step_size, write_maps
from codec.encoder.plan_restoring import MAP_TIME, map_budget
from codec.restore import mlora
from codec.restore.base import Inputs, Restorer
from codec.restore.schedule import (
    SD_TURBO,
    VARIANCE_PRESERVING,
    time_to_fixed,
    to_fixed,
)

TRAINED_VIEWS = 12
CROP, BATCH = 128, 2
MAP_STEP = 14
"""2^-3.5 of a unit."""
BITS_A_VALUE = 2.8
"""Of a trained map on average; the rank follows from it and the budget."""
PROMPT_STEP, PROMPT_ROWS = 36, 8
RATES = {"maps": 0.04, "prompt": 1e-3, "step": 1.0}
"""Adam's rates; the paper prints 0.05 for the maps."""
FROZEN_SHARE = 0.2
"""Of the iterations, the last ones, where the rate path is rounded too."""
SCARCITY = (-3.0, 5.0)
"""Logarithm of what a budget may change the price of a bit by: it is there to be used."""
PAYS_PER_DOUBLING = 0.17
"""Share of LPIPS that twice the bytes save our own streams at low rates (median of the four-scene
ladder, tools/results/rd_report/points.csv): maps must save more per byte."""


@dataclass(frozen=True, slots=True)
class MapPlan:
    """What to train.

    lists: layer lists of annex B.9, PROMPT_LIST for prompt rows.   full: square maps.
    rank: at most, by layer.   budget: bytes of the MLRA box.   learn_step: of the level too.
    iterations, and seconds of wall time at most, 0 = as long as they take.
    stream: bytes of the stream without the maps; they set what a byte must bring.
    """

    lists: tuple[int, ...]
    full: bool = False
    rank: int = 16
    budget: int = 400
    iterations: int = 150
    learn_step: bool = False
    seed: int = 0
    stream: int = 20_000
    seconds: float = 0.0

    def price(self, distance: float) -> float:
        """Loss that one bit may cost: what the distance falls by per bit spent on splats."""
        return PAYS_PER_DOUBLING * distance / (log(2) * 8 * self.stream)


def plans_for(restorer: Restorer, n_bytes: int, iterations: int, seed: int) -> list[MapPlan]:
    """What is tried for a kind of restorer: few bytes on diagonals, more on square maps.

    A network of convolutions alone gets one plan: square maps brought it nothing.
    """
    budget = map_budget(restorer.params.kind_name, n_bytes)
    if "autoencoder" not in restorer.modules():
        n_layers = len(mlora.layer_list(restorer.modules(), mlora.CONVOLUTIONS))
        rank = round(8 * budget / (BITS_A_VALUE * n_layers))
        return [MapPlan((mlora.CONVOLUTIONS,), False, min(max(rank, 4), 64), budget,
                        iterations, seed=seed, stream=n_bytes)]
    learn, half = restorer.params.schedule == VARIANCE_PRESERVING, iterations // 2
    lists = (PROMPT_LIST, mlora.DECODER, mlora.ATTENTION)
    return [MapPlan((mlora.DECODER,), False, 16, budget // 2, half, learn, seed, n_bytes),
            MapPlan(lists, True, 16, budget, half, learn, seed, n_bytes)]


# --- quantized maps in the network ----------------------------------------------------------------


class Modulation(nn.Module):
    """W + B M A as a parametrization of a layer's weight; M counts in units of its step."""

    def __init__(self, pair: tuple[np.ndarray, np.ndarray], full: bool, weight: Tensor) -> None:
        super().__init__()
        b, a = (torch.from_numpy(x).to(weight) for x in pair)
        self.register_buffer("b", b)
        self.register_buffer("a", a)
        rank = b.shape[1]
        self.q = nn.Parameter(torch.zeros((rank, rank) if full else rank, device=weight.device,
                                          dtype=torch.float32))

    def forward(self, weight: Tensor) -> Tensor:
        m = (straight_through(self.q) * step_size(MAP_STEP)).to(weight.dtype)
        update = self.b @ m @ self.a if m.ndim == 2 else (self.b * m) @ self.a
        return weight + update.reshape(weight.shape)


def straight_through(q: Tensor) -> Tensor:
    """Rounded forward, the identity backward."""
    return q + (torch.round(q) - q).detach()


@dataclass(frozen=True, slots=True)
class ZeroInflated:
    """Code lengths of integers: P(0) = zero, else two-sided geometric with ratio `decay`."""

    zero: float
    decay: float

    @classmethod
    def fitted(cls, q: Tensor) -> ZeroInflated:
        """To the rounded values, by counting; held off certainty so that lengths stay finite."""
        magnitudes = torch.round(q).abs()
        used = magnitudes[magnitudes > 0]
        zero = 1.0 - len(used) / max(q.numel(), 1)
        mean = float(used.mean()) if len(used) else 1.0
        return cls(min(max(zero, 0.02), 0.999), min(max(1.0 - 1.0 / mean, 0.02), 0.98))

    def bits(self, q: Tensor) -> Tensor:
        """Lengths of real values: linear between those of the integers around."""
        size = q.abs()
        first = -log2((1.0 - self.zero) / 2.0 * (1.0 - self.decay))
        slope = -log2(self.decay)
        none = -log2(self.zero)
        return torch.where(size < 1, none + size * (first - none), first + (size - 1) * slope)


# --- training -------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Clock:
    """How far a training is: by its iterations, or by its seconds where these end sooner."""

    iterations: int
    seconds: float
    started: float = field(default_factory=monotonic)
    step: int = 0
    done: float = 0.0

    def tick(self) -> None:
        """One iteration more."""
        self.step += 1
        passed = (monotonic() - self.started) / self.seconds if self.seconds else 0.0
        self.done = max(self.done, self.step / max(self.iterations, 1), passed)


@dataclass(slots=True)
class Adapter:
    """A restorer with maps on its layers, while they are trained.

    `run` trains; `groups` gives the integers; `remove` puts the networks back as they were.
    """

    restorer: Restorer
    plan: MapPlan
    crcs: dict[int, int] = field(default_factory=dict)
    maps: dict[int, list[Modulation | None]] = field(default_factory=dict)
    prompt: nn.Parameter | None = None
    step: nn.Parameter | None = None
    scarcity: float = 0.0
    history: list[dict] = field(default_factory=list)
    _layers: list = field(default_factory=list)
    _base_prompt: object = None
    _generator: torch.Generator | None = None

    def __post_init__(self) -> None:
        self._generator = torch.Generator().manual_seed(self.plan.seed)
        for code in self.plan.lists:
            if code == PROMPT_LIST:
                self._add_prompt()
            else:
                self._add_maps(code)
        if self.plan.learn_step:
            time = self.restorer.time
            self.step = nn.Parameter(torch.tensor(float(time), device=self.restorer.device))

    def _add_maps(self, code: int) -> None:
        layers = mlora.layer_list(self.restorer.modules(), code)
        ranks = [min(self.plan.rank, layer.full_rank) for layer in layers]
        found = mlora.factor_group(layers, ranks)
        self.crcs[code], self.maps[code] = found.crc, []
        for layer, pair in zip(layers, found.factors, strict=True):
            modulation = Modulation(pair, self.plan.full, layer.weight)
            parametrize.register_parametrization(layer.module, "weight", modulation)
            self.maps[code].append(modulation)
            self._layers.append(layer.module)

    def _add_prompt(self) -> None:
        base = self.restorer.prompt
        rows = min(PROMPT_ROWS, len(base.prompt))
        self.crcs[PROMPT_LIST] = mlora.prompt_crc(base.prompt, rows)
        self._base_prompt = base
        self.prompt = nn.Parameter(torch.zeros(rows, base.prompt.shape[1],
                                               device=self.restorer.device))

    def parameters(self) -> list[dict]:
        """For the optimizer, with the rate of each kind in its own unit."""
        maps = [m.q for group in self.maps.values() for m in group]
        groups = [{"params": maps, "lr": RATES["maps"] / step_size(MAP_STEP)}] if maps else []
        if self.prompt is not None:
            groups.append({"params": [self.prompt],
                           "lr": RATES["prompt"] / step_size(PROMPT_STEP)})
        if self.step is not None:
            groups.append({"params": [self.step], "lr": RATES["step"]})
        return groups

    def _coded(self) -> list[Tensor]:
        """All values that cost bytes, one tensor a group."""
        parts = [torch.cat([m.q.reshape(-1) for m in group]) for group in self.maps.values()]
        return parts + ([self.prompt.reshape(-1)] if self.prompt is not None else [])

    def bits(self, noisy: bool) -> Tensor:
        """Estimated bits of all maps; noisy: with uniform noise on the rate path."""
        total = torch.zeros((), device=self.restorer.device)
        for q in self._coded():
            model = ZeroInflated.fitted(q.detach())
            moved = q + self._uniform(q) if noisy else straight_through(q)
            total = total + model.bits(moved).sum()
        return total

    def _uniform(self, like: Tensor) -> Tensor:
        """Noise in -1/2 .. 1/2, from the plan's own seed."""
        drawn = torch.rand(like.shape, generator=self._generator)
        return drawn.to(like.device) - 0.5

    def _arm(self) -> None:
        """Put the current prompt and step into the restorer."""
        if self.prompt is not None:
            base = self._base_prompt
            rows = len(self.prompt)
            added = base.prompt.to(self.prompt).clone()
            added[:rows] = added[:rows] + straight_through(self.prompt) * step_size(PROMPT_STEP)
            self.restorer.prompt = replace(base, prompt=added)
        if self.step is not None:
            self.restorer.learned = SD_TURBO.differentiable(self.step)
            self.restorer.time = self.step

    def run(self, crops: Crops, judge, progress=None) -> None:
        """Train for the plan's iterations, or its seconds, on random crops."""
        clock = _Clock(self.plan.iterations, self.plan.seconds)
        optimizer = torch.optim.Adam(self.parameters())
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda _: (1 + cos(pi * min(clock.done, 1.0))) / 2)
        budget = 8.0 * self.plan.budget
        while clock.done < 1:
            frozen = clock.done >= 1 - FROZEN_SHARE
            self._arm()
            given, target = crops.draw(BATCH)
            image = self.restorer.run(given)
            target = target.to(image)
            distance = judge.distances(image, target).mean()
            loss = ((image - target) ** 2).mean() + distance
            bits = self.bits(noisy=not frozen)
            price = exp(self.scarcity) * self.plan.price(float(distance.detach()))
            optimizer.zero_grad()
            (loss + price * bits).backward()
            optimizer.step()
            clock.tick()
            schedule.step()
            self._follow_budget(float(bits.detach()) / budget)
            if self.step is not None:
                with torch.no_grad():
                    self.step.clamp_(1.0, 998.0)
            self.history.append({"loss": float(loss.detach()), "bits": float(bits.detach()),
                                 "price": price})
            if progress:
                progress("adapting", clock.done, f"{self.history[-1]['bits'] / 8:.0f} bytes")

    def _follow_budget(self, share: float) -> None:
        """Raise the price of a bit while over the budget, lower it while under."""
        change = 0.05 * min(max(log(max(share, 1e-3)), -1.0), 1.0)
        self.scarcity = min(max(self.scarcity + change, SCARCITY[0]), SCARCITY[1])

    def groups(self) -> tuple[MapGroup, ...]:
        """The integers, thinned until MLRA fits the budget; groups of zeros are left out."""
        dead_zone = 0.5
        while True:
            found = [self._prompt_group(dead_zone)] if self.prompt is not None else []
            found += [self._map_group(code, dead_zone) for code in self.maps]
            kept = sorted((g for g in found if any(q.any() for q in g.maps)),
                          key=lambda g: g.layers)
            if not kept or len(write_maps(kept)) <= self.plan.budget:
                return tuple(kept)
            dead_zone *= 1.15

    def _map_group(self, code: int, dead_zone: float) -> MapGroup:
        maps = tuple(_integers(m.q, dead_zone) for m in self.maps[code])
        return MapGroup(code, self.plan.full, MAP_STEP, maps, self.crcs[code])

    def _prompt_group(self, dead_zone: float) -> MapGroup:
        maps = tuple(_integers(row, dead_zone) for row in self.prompt)
        return MapGroup(PROMPT_LIST, False, PROMPT_STEP, maps, self.crcs[PROMPT_LIST])

    def remove(self) -> None:
        """Take maps, prompt and learned step out again."""
        for module in self._layers:
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=False)
        if self._base_prompt is not None:
            self.restorer.prompt = self._base_prompt
        self.restorer.learned = None
        if self.step is not None:
            self.restorer.time = float(self.restorer.params.network_time) / 64

    def settings(self):
        """REST with the learned step, if one was learned."""
        params = self.restorer.params
        if self.step is None:
            return params
        time = time_to_fixed(float(self.step.detach()))
        level = to_fixed(SD_TURBO.level(min(time / 64, SD_TURBO.steps - 1)))
        return replace(params, network_time=time, level=level)


def _integers(q: Tensor, dead_zone: float) -> np.ndarray:
    """Rounded, values within the dead zone to 0."""
    values = q.detach().float().cpu().numpy()
    return np.where(np.abs(values) < dead_zone, 0, np.rint(values)).astype(np.int32)


class Crops:
    """Random crops of pictures, with the exact inputs of the whole picture cut alike.

    size: pixels a side; 0 where no picture is as large as the network needs.
    """

    def __init__(self, restorer: Restorer, pictures, size: int, seed: int) -> None:
        self._rng, self._restorer = np.random.default_rng(seed), restorer
        self._items = []
        for i, (rgb, alpha, target) in enumerate(
                zip(pictures.rgb, pictures.alpha, pictures.wanted, strict=True)):
            given = restorer.inputs(rgb[None], alpha[None], [i])
            self._items.append((given, torch.from_numpy(np.ascontiguousarray(
                target.transpose(2, 0, 1), np.float32))))
        unit = max(restorer.params.pad, restorer.factor)
        self._items = [item for item in self._items if min(item[1].shape[1:]) >= unit]
        smallest = min((min(t.shape[1:]) for _, t in self._items), default=0)
        self._unit, self.size = unit, min(size, smallest) // unit * unit

    def draw(self, count: int) -> tuple[Inputs, Tensor]:
        """(inputs, targets [count, 3, size, size])."""
        given, targets = [], []
        for _ in range(count):
            whole, target = self._items[self._rng.integers(len(self._items))]
            top, left = (self._unit * int(self._rng.integers((side - self.size) // self._unit + 1))
                         for side in target.shape[1:])
            given.append(self._cut(whole, top, left))
            targets.append(target[:, top : top + self.size, left : left + self.size])
        noise = None if given[0].noise is None else torch.cat([g.noise for g in given])
        return Inputs(torch.cat([g.image for g in given]), torch.cat([g.hole for g in given]),
                      noise), torch.stack(targets)

    def _cut(self, whole: Inputs, top: int, left: int) -> Inputs:
        f, size = self._restorer.factor, self.size
        pixels = (slice(top, top + size), slice(left, left + size))
        positions = tuple(slice(p.start // f, p.stop // f) for p in pixels)
        noise = None if whole.noise is None else whole.noise[:, :, positions[0], positions[1]]
        return Inputs(whole.image[:, :, pixels[0], pixels[1]],
                      whole.hole[:, :, pixels[0], pixels[1]], noise)


# --- the encoder's decision -----------------------------------------------------------------------


def adapt(trial, n_bytes: int, options, progress, facts: dict):
    """Train maps and keep them where they pay: (settings, maps, restored judged views).

    trial: codec.encoder.restoring's.   n_bytes: of the stream without.   facts["adapt"] tells what
    was tried. Distances are on views that were not trained on, where there are enough views.
    """
    from codec.encoder.restoring import mean_distance, restored_images
    from codec.restore.registry import build
    from codec.restore.weights import WeightStore

    shown = trial.pictures.only(trial.judged)
    trained = trial.pictures.only(trial.trained)
    plain = restored_images(trial.restorer, shown)
    before = mean_distance(plain, shown.wanted, trial.judge)
    best = (0.0, trial.settings, (), plain)
    tried = facts["adapt"] = []
    plans = plans_for(trial.restorer, options.target_size or n_bytes, options.adapt_iterations,
                      options.seed)
    seconds = MAP_TIME * options.time_budget / len(plans)
    for plan in (replace(plan, seconds=seconds) for plan in plans):
        settings, groups = train_maps(trial.restorer, trained, plan, trial.judge, progress)
        if not groups:
            tried.append({"lists": plan.lists, "bytes": 0, "distance": before})
            continue
        adapted = build(settings, groups, WeightStore(options.weights), device=options.device)
        images = restored_images(adapted, shown)
        after = mean_distance(images, shown.wanted, trial.judge)
        size = len(write_maps(list(groups)))
        needed = PAYS_PER_DOUBLING * log2(1 + size / n_bytes)
        surplus = 1 - after / max(before, 1e-9) - needed
        tried.append({"lists": plan.lists, "full": plan.full, "bytes": size, "distance": after,
                      "distance_without": before, "needed_gain": needed, "pays": surplus > 0})
        if surplus > best[0]:
            best = (surplus, settings, groups, images)
    return best[1:]


def train_maps(restorer: Restorer, pictures, plan: MapPlan, judge, progress=None):
    """(settings, groups) trained on pictures; the restorer is as before afterwards."""
    crops = Crops(restorer, pictures, CROP, plan.seed)
    if not crops.size:
        return restorer.params, ()
    adapter = Adapter(restorer, plan)
    try:
        adapter.run(crops, judge, progress)
        return adapter.settings(), adapter.groups()
    finally:
        adapter.remove()
