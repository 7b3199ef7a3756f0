"""The stages of training: prior, regression at a noise level, and NiFi's distillation.

Every stage trains `codec.restore.small.SmallUNet`; a run is a folder with one checkpoint, so that
it goes on in pieces. Noise levels follow the rectified flow y = (1 - s) x + s n.
"""

from __future__ import annotations

import copy
import json
import math
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from codec.restore.small import SmallConfig, SmallUNet, one_step, unshuffle
from tools.restoring.data import Batch, PairPool

FLOOR_OF_RATE = 0.02  # share of the learning rate left at the end of the cosine


@dataclass(frozen=True, slots=True)
class Recipe:
    """One stage of training.

    stage: "regress", "prior" or "distill".   steps: of the whole run, at most.   minutes: of the
    whole run, at most; 0 = no limit.   rate, critic_rate: Adam's.
    side, batch: crops.   l1, l2, lpips, dist: weights of the losses.   alpha: share of the
    distribution term against the target-score term (NiFi).   prior_free: share of prior steps
    without the render beside them.   ema: decay.
    shift: share of steps whose LPIPS is of images shifted at random.
    mask_share: of the crops that are trained on with their mask; the others are told no hole.
    half: bfloat16 where autocast uses it.
    """

    stage: str = "regress"
    net: SmallConfig = field(default_factory=SmallConfig)
    steps: int = 16_000
    minutes: float = 0.0
    side: int = 128
    batch: int = 4
    rate: float = 3e-4
    critic_rate: float = 1e-4
    warmup: int = 100
    l1: float = 1.0
    l2: float = 0.0
    lpips: float = 1.0
    dist: float = 0.0
    alpha: float = 0.7
    normalized: bool = True
    critic_steps: int = 1
    prior_free: float = 0.25
    ema: float = 0.999
    weight_decay: float = 1e-4
    clip: float = 1.0
    shift: float = 0.5
    mask_share: float = 1.0
    seed: int = 0
    half: bool = True


def read_weights(path: Path) -> dict[str, Tensor]:
    """The averaged weights of a checkpoint."""
    return torch.load(path, weights_only=True, map_location="cpu")["ema"]


class Run:
    """A training that can be stopped and resumed: networks, optimizers, step, random state."""

    def __init__(self, recipe: Recipe, folder: Path, pool: PairPool, lpips=None,
                 start: Path | None = None, prior: Path | None = None, accelerator=None) -> None:
        self.recipe, self.folder, self.pool, self.lpips = recipe, folder, pool, lpips
        self.step, self.sums, self.seconds = 0, {}, 0.0
        self.progress, self.since = 0.0, time.monotonic()
        self.accelerator = accelerator
        self.device = accelerator.device if accelerator else torch.device("cpu")
        torch.manual_seed(recipe.seed)
        self.net = SmallUNet(recipe.net).to(self.device)
        if start:
            self.net.load_state_dict(read_weights(start))
        self.ema = copy.deepcopy(self.net).requires_grad_(False)
        self.adam = self._adam(self.net, recipe.rate)
        self.teacher = self.critic = None
        if recipe.stage == "distill":
            full_band = replace(recipe.net, detail=0)
            self.teacher = SmallUNet(full_band).to(self.device).requires_grad_(False)
            self.teacher.load_state_dict(read_weights(prior))
            self.critic = copy.deepcopy(self.teacher).requires_grad_(True)
            self.critic_adam = self._adam(self.critic, recipe.critic_rate)
        if (folder / "last.pt").exists():
            self._load(folder / "last.pt")
        if accelerator is not None and accelerator.process_index:
            torch.manual_seed(recipe.seed + 7919 * accelerator.process_index + self.step)
        self.shown, self.shown_critic = self._shared(self.net), self._shared(self.critic)

    def _shared(self, net):
        """The network as the forward pass calls it: gradients are averaged over processes."""
        if self.accelerator is None or net is None or self.accelerator.num_processes == 1:
            return net
        return self.accelerator.prepare_model(net)

    def _adam(self, net, rate: float):
        return torch.optim.AdamW(net.parameters(), rate, weight_decay=self.recipe.weight_decay,
                                 betas=(0.9, 0.999), fused=True)

    @property
    def is_first(self) -> bool:
        """The process that reports and saves."""
        return self.accelerator is None or self.accelerator.is_main_process

    # -- state ---------------------------------------------------------------------------------

    def _parts(self) -> dict:
        parts = {"net": self.net, "ema": self.ema, "adam": self.adam}
        if self.critic is not None:
            parts |= {"critic": self.critic, "critic_adam": self.critic_adam}
        return parts

    def save(self) -> None:
        """Write the checkpoint atomically (the first process does)."""
        if not self.is_first:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        state = {name: part.state_dict() for name, part in self._parts().items()}
        state |= {"step": self.step, "seconds": self.elapsed(), "random": torch.get_rng_state()}
        part = self.folder / "last.part"
        torch.save(state, part)
        part.rename(self.folder / "last.pt")
        (self.folder / "recipe.json").write_text(json.dumps(asdict(self.recipe), indent=1))

    def keep(self) -> Path:
        """A copy of the averaged weights under the step's number."""
        path = self.folder / f"ema_{self.step:06d}.pt"
        torch.save({"ema": self.ema.state_dict(), "step": self.step}, path)
        return path

    def _load(self, path: Path) -> None:
        state = torch.load(path, weights_only=True, map_location="cpu")
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
            for group in getattr(part, "param_groups", ()):
                group["fused"] = True
        self.step, self.seconds = state["step"], state["seconds"]
        torch.set_rng_state(state["random"])
        self.pool.rng = type(self.pool.rng)(
            type(self.pool.rng.bit_generator)([self.recipe.seed, self.step]))

    # -- one step ------------------------------------------------------------------------------

    def rate_share(self) -> float:
        """Warm-up, then a cosine down to FLOOR_OF_RATE."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.progress)))
        share = FLOOR_OF_RATE + (1 - FLOOR_OF_RATE) * cosine
        return share * min(1.0, (self.step + 1) / self.recipe.warmup)

    def elapsed(self) -> float:
        """Seconds of training in all."""
        return self.seconds + time.monotonic() - self.since

    def agree(self, stop: bool) -> bool:
        """Set `progress` (0..1 of the run); whether to stop. The same in all processes."""
        done = self.step / self.recipe.steps
        if self.recipe.minutes:
            done = max(done, self.elapsed() / (60 * self.recipe.minutes))
        if self.accelerator is not None and self.accelerator.num_processes > 1:
            own = torch.tensor([float(stop), done], device=self.device)
            stop, done = self.accelerator.reduce(own, "mean").tolist()
        self.progress = done
        return stop > 0 or done >= 1

    def advance(self) -> None:
        """One optimization step of the stage."""
        batch = self.pool.batch(self.recipe.batch, self.recipe.side).to(self.device)
        for group in self.adam.param_groups:
            group["lr"] = self.recipe.rate * self.rate_share()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.half):
            losses = getattr(self, "_" + self.recipe.stage)(batch)
        total = sum(losses.values())
        self._descend(self.net, self.adam, total)
        with torch.no_grad():
            decay = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
            torch._foreach_lerp_(list(self.ema.parameters()), list(self.net.parameters()),
                                 1 - decay)
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value.item()
        self.step += 1

    def _descend(self, net, adam, loss: Tensor) -> None:
        adam.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), self.recipe.clip)
        adam.step()

    def _latents(self, batch: Batch):
        return unshuffle(batch.clean), unshuffle(batch.degraded), unshuffle(batch.hole)

    def _restored(self, batch: Batch) -> Tensor:
        (_, z, hole), share = self._latents(batch), self.recipe.mask_share
        if share < 1:
            hole = hole * (torch.rand(len(hole), 1, 1, 1) < share).to(hole)
        level = torch.full((len(z),), self.recipe.net.noise_level, device=z.device)
        return one_step(self.shown, z, hole, torch.randn_like(z), level, batch.fidelity)

    def _image_losses(self, restored: Tensor, batch: Batch) -> dict[str, Tensor]:
        recipe, losses = self.recipe, {}
        image = functional.pixel_shuffle(restored.float(), 4)
        if recipe.l1:
            losses["l1"] = recipe.l1 * (image - batch.clean).abs().mean()
        if recipe.l2:
            losses["l2"] = recipe.l2 * ((image - batch.clean) ** 2).mean()
        if recipe.lpips:
            shift = torch.rand(()) < recipe.shift
            a, b = self._shifted(image, batch.clean) if shift else (image, batch.clean)
            losses["lpips"] = recipe.lpips * self.lpips(a, b)
        return losses

    @staticmethod
    def _shifted(*images: Tensor) -> list[Tensor]:
        """The same random 0..3 pixels cut off: else both the network's grid of 4 x 4 pixels and
        AlexNet's stride of 4 always fall together, and the network learns patterns of that grid.
        """
        y, x = torch.randint(0, 4, (2,)).tolist()
        height, width = images[0].shape[2:]
        return [image[:, :, y : height - 4 + y, x : width - 4 + x] for image in images]

    def _regress(self, batch: Batch) -> dict[str, Tensor]:
        return self._image_losses(self._restored(batch), batch)

    def _prior(self, batch: Batch) -> dict[str, Tensor]:
        """Denoising of clean crops at all noise levels, with or without the render beside them."""
        x, z, hole = self._latents(batch)
        free = torch.rand(len(x), device=x.device) < self.recipe.prior_free
        z = torch.where(free[:, None, None, None], torch.zeros_like(z), z)
        hole = torch.where(free[:, None, None, None], torch.ones_like(hole), hole)
        fidelity = torch.where(free, torch.zeros_like(batch.fidelity), batch.fidelity)
        return {"denoise": self._denoise(self.shown, x, z, hole, fidelity)}

    @staticmethod
    def _denoise(net, x, z, hole, fidelity) -> Tensor:
        """Mean squared error of the clean latent, weighted as the velocity's but bounded."""
        level = 0.02 + 0.96 * torch.rand(len(x), device=x.device)
        guess = one_step(net, z, hole, torch.randn_like(x), level, fidelity, base=x)
        weight = 1 / (level**2 + 0.01)
        return (weight * ((guess.float() - x) ** 2).mean((1, 2, 3))).mean()

    def _distill(self, batch: Batch) -> dict[str, Tensor]:
        """NiFi's student step with the corrected target-score term, then the critic's."""
        x, z, hole = self._latents(batch)
        restored = self._restored(batch)
        losses = self._image_losses(restored, batch)
        losses["dist"] = self.recipe.dist * self._matching(
            restored.float(), x, z, hole, batch.fidelity)
        fake = restored.detach().float()
        for _ in range(self.recipe.critic_steps):
            loss = self._denoise(self.shown_critic, fake, z, hole, batch.fidelity)
            self._descend(self.critic, self.critic_adam, loss)
            self.sums["critic"] = self.sums.get("critic", 0.0) + loss.item()
        return losses

    def _matching(self, fake: Tensor, x: Tensor, z, hole, fidelity) -> Tensor:
        """0.5 mean (x^ - sg[x^ - g])^2 with g of NiFi's distillation (arXiv 2602.04549) in x0 form.

        v = (y - x0) / s, so s^2 (v_R - v_F) = s (x0_F - x0_R); and s^2 (v_R - v_H + x^ - x) =
        s (x0_H - x0_R + x^ - x) since y^ - y = (1 - s)(x^ - x).
        """
        s = 0.1 + 0.6 * torch.rand(len(x), device=x.device)
        noise = torch.randn_like(x)
        with torch.no_grad():
            real = one_step(self.teacher, z, hole, noise, s, fidelity, base=fake).float()
            copied = one_step(self.critic, z, hole, noise, s, fidelity, base=fake).float()
            truth = one_step(self.teacher, z, hole, noise, s, fidelity, base=x).float()
            weight = s[:, None, None, None]
            matching = weight * (copied - real)
            score = weight * (truth - real + fake - x)
            if self.recipe.normalized:  # DMD's normalizer
                size = (fake - real).abs().mean((1, 2, 3), keepdim=True) + 1e-3
                matching, score = matching / size, score / size
            pull = self.recipe.alpha * matching + (1 - self.recipe.alpha) * score
        return 0.5 * ((fake - (fake - pull).detach()) ** 2).mean()


def train(run: Run, minutes: float, report=print, every: int = 100, keep_every: int = 1000,
          save_seconds: float = 300.0) -> bool:
    """Advance until the run is done or `minutes` are over; saves now and then. True when done."""
    start = last = saved = time.monotonic()
    last_step = run.step
    while not run.agree(time.monotonic() - start >= 60 * minutes):
        run.advance()
        now = time.monotonic()
        if run.step % every == 0 and run.is_first:
            count = run.step - last_step
            means = " ".join(f"{k} {v / count:.4f}" for k, v in run.sums.items())
            report(f"{run.step}: {means} ({count / (now - last):.2f} steps/s, "
                   f"{100 * run.progress:.0f} %)")
            run.sums, last, last_step = {}, now, run.step
        if run.step % keep_every == 0 and run.is_first:
            run.keep()
        if now - saved > save_seconds:
            run.save()
            saved = now
    run.save()
    if run.progress >= 1 and run.is_first:
        run.keep()
    return run.progress >= 1
