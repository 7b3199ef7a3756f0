"""Training on an NVIDIA GPU: gsplat's rasterizer and gsplat's own strategies.

The same interface as `codec.optimize.trainer.Trainer` (step, splats, advance, save, load). Results
do not repeat bit by bit: gsplat adds gradients atomically.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.errors import BackendError, SceneError, UsageError
from codec.optimize.checkpoint import Checkpoint, read_checkpoint
from codec.optimize.losses import ssim_window
from codec.optimize.options import TrainOptions
from codec.optimize.photos import view_at
from codec.scene import Camera, Splats

# gsplat's strategies find the parameters by these names.
_NAMES = {"means": "means", "log_scales": "scales", "quats": "quats",
          "opacity_logits": "opacities", "sh0": "sh0", "shN": "shN"}
_FIELDS = {theirs: ours for ours, theirs in _NAMES.items()}


def _load() -> tuple[Any, Any]:
    try:
        import gsplat
        import torch
    except ImportError as error:
        raise BackendError("training on CUDA needs torch and gsplat: pip install torch gsplat, or "
                           "use --backend cpu", code="no-gsplat") from error
    if not torch.cuda.is_available():
        raise BackendError("training on CUDA finds no CUDA device: use --backend cpu",
                           code="no-cuda")
    return torch, gsplat


def photo_loss_torch(torch: Any, image: Any, target: Any, ssim_weight: float,
                     squared_weight: float = 0.0) -> Any:
    """`codec.optimize.losses.photo_loss` for tensors [H, W, 3] of any device, differentiable."""
    taps = torch.as_tensor(ssim_window(), dtype=image.dtype, device=image.device)
    x, y = image.permute(2, 0, 1)[:, None], target.permute(2, 0, 1)[:, None]
    maps = torch.cat([x, y, x * x, y * y, x * y])
    half = len(taps) // 2
    maps = torch.nn.functional.conv2d(maps, taps.view(1, 1, -1, 1), padding=(half, 0))
    maps = torch.nn.functional.conv2d(maps, taps.view(1, 1, 1, -1), padding=(0, half))
    mx, my, exx, eyy, exy = maps.chunk(5)
    c1, c2 = 0.01**2, 0.03**2
    ssim = ((2 * mx * my + c1) * (2 * (exy - mx * my) + c2)
            / ((mx * mx + my * my + c1) * (exx - mx * mx + eyy - my * my + c2)))
    error = (squared_weight * (image - target).square().mean() if squared_weight
             else (1 - ssim_weight) * (image - target).abs().mean())
    return error + ssim_weight * (1 - ssim.mean())


class CudaTrainer:
    """One training on the GPU; options, views and extent as for `Trainer`.

    Steps of the means are by extent only: other units raise UsageError. Raises BackendError without
    torch, gsplat or a CUDA device.
    """

    def __init__(self, views, options: TrainOptions, splats: Splats, extent: float, *,
                 device: str = "cuda") -> None:
        if not len(views):
            raise SceneError("no training views: at least two photos are needed")
        if splats.n_gaussians > options.cap:
            raise UsageError(f"{splats.n_gaussians} Gaussians to start with exceed the cap "
                             f"of {options.cap}")
        if options.means_unit != "extent":
            raise UsageError("training on CUDA knows step sizes of the means by extent "
                             "only: set means_unit to \"extent\", or train on the CPU")
        self._torch, self._gsplat = _load()
        self.views, self.options, self.extent, self.step = views, options, extent, 0
        self._device = device
        self._photos: dict[tuple[int, int], tuple[Camera, Any]] = {}
        self._set_scene(splats)
        self._strategy, self._state = self._make_strategy()
        self._torch.manual_seed(options.seed)

    @property
    def splats(self) -> Splats:
        """The present scene, copied to the host."""
        arrays = {name: self._params[theirs].detach().cpu().numpy().astype(np.float32)
                  for name, theirs in _NAMES.items()}
        arrays["sh0"] = arrays["sh0"][:, 0]
        return Splats(**{k: np.ascontiguousarray(v) for k, v in arrays.items()},
                      antialiased=self.options.antialiased)

    def _set_scene(self, splats: Splats) -> None:
        torch, k = self._torch, (self.options.sh_degree + 1) ** 2 - 1
        rest = np.zeros((splats.n_gaussians, k, 3), np.float32)
        used = min(k, splats.shN.shape[1])
        rest[:, :used] = splats.shN[:, :used]
        arrays = {theirs: getattr(splats, ours) for ours, theirs in _NAMES.items()}
        arrays |= {"sh0": splats.sh0[:, None], "shN": rest}
        self._params = torch.nn.ParameterDict(
            {name: torch.nn.Parameter(torch.as_tensor(np.ascontiguousarray(a, np.float32),
                                                      device=self._device))
             for name, a in arrays.items()})
        rates = self.options.rates_at(0, self.extent)
        self._optimizers = {
            name: torch.optim.Adam([{"params": [p], "lr": rates[_FIELDS[name]], "name": name}],
                                   eps=1e-15)
            for name, p in self._params.items()}

    def _make_strategy(self) -> tuple[Any, Any]:
        options = self.options
        first, last = (int(share * options.iterations)
                       for share in (options.refine_start, options.refine_stop))
        common = {"refine_start_iter": first, "refine_stop_iter": last,
                  "refine_every": options.refine_every}
        if options.strategy != "classic":
            strategy = self._gsplat.MCMCStrategy(
                cap_max=options.cap, noise_lr=options.noise, min_opacity=options.min_opacity,
                **common)
            state = strategy.initialize_state()
        else:
            strategy = self._gsplat.DefaultStrategy(
                prune_opa=options.min_opacity, grow_grad2d=options.grow_gradient,
                reset_every=10 * options.iterations, **common)
            state = strategy.initialize_state(scene_scale=self.extent)
        strategy.check_sanity(self._params, self._optimizers)
        return strategy, state

    def advance(self) -> float:
        """One iteration; returns the image loss of its view."""
        options = self.options
        index = view_at(self.step, len(self.views), options.seed)
        camera, target = self._target(index, options.shrink_at(self.step))
        rates = options.rates_at(self.step, self.extent)
        for name, optimizer in self._optimizers.items():
            optimizer.param_groups[0]["lr"] = rates[_FIELDS[name]]
        image, info = self._render(camera, self.views.background(index))
        loss = photo_loss_torch(self._torch, image, target, options.ssim_weight,
                                options.squared_weight)
        value = float(loss.detach())
        if options.strategy != "classic":
            loss = loss + self._pull()
        else:
            self._strategy.step_pre_backward(
                self._params, self._optimizers, self._state, self.step, info)
        loss.backward()
        for optimizer in self._optimizers.values():
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self._operate(info, rates["means"])
        self.step += 1
        return value

    def _pull(self) -> Any:
        """The MCMC strategy's pull on opacity and size."""
        torch, options = self._torch, self.options
        return (options.opacity_penalty * torch.sigmoid(self._params["opacities"]).mean()
                + options.scale_penalty * torch.exp(self._params["scales"]).mean())

    def _operate(self, info: dict, means_rate: float) -> None:
        """gsplat's surgery; its default strategy knows no cap, so it is held here."""
        args = (self._params, self._optimizers, self._state, self.step, info)
        if self.options.strategy != "classic":
            self._strategy.step_post_backward(*args, lr=means_rate)
            return
        full = len(self._params["means"]) >= self.options.cap
        self._strategy.grow_grad2d = float("inf") if full else self.options.grow_gradient
        self._strategy.step_post_backward(*args, packed=False)
        surplus = len(self._params["means"]) - self.options.cap
        if surplus > 0:
            from gsplat.strategy.ops import remove

            faint = self._params["opacities"].detach().argsort()[:surplus]
            mask = self._torch.zeros(len(self._params["means"]), dtype=bool, device=self._device)
            mask[faint] = True
            remove(self._params, self._optimizers, self._state, mask)

    def _render(self, camera: Camera, background) -> tuple[Any, dict]:
        torch, options, params = self._torch, self.options, self._params
        lens = np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])

        def gpu(array: Any) -> Any:
            return torch.as_tensor(np.ascontiguousarray(array, np.float32), device=self._device)

        colours, _, info = self._gsplat.rasterization(
            means=params["means"], quats=params["quats"], scales=torch.exp(params["scales"]),
            opacities=torch.sigmoid(params["opacities"]),
            colors=torch.cat([params["sh0"], params["shN"]], 1),
            viewmats=gpu(camera.world_to_camera)[None], Ks=gpu(lens)[None],
            width=camera.width, height=camera.height, near_plane=options.near_plane,
            sh_degree=options.degree_at(self.step), packed=False,
            backgrounds=gpu(background)[None],
            rasterize_mode="antialiased" if options.antialiased else "classic")
        return colours[0], info

    def _target(self, index: int, shrink: int) -> tuple[Camera, Any]:
        if (index, shrink) not in self._photos:
            camera, photo = self.views.view(index, shrink)
            on_device = self._torch.as_tensor(photo, device=self._device)
            self._photos[index, shrink] = (camera, on_device)
        return self._photos[index, shrink]

    def save(self, path: str | os.PathLike[str], extra: dict | None = None,
             best: Splats | None = None) -> None:
        """Write a checkpoint atomically; `extra` (JSON) and `best` are given back by `load`."""
        scene, arrays = self.splats, {}
        for ours, theirs in _NAMES.items():
            arrays[f"splats.{ours}"] = getattr(scene, ours)
            state = self._optimizers[theirs].state.get(self._params[theirs], {})
            for key, value in state.items():
                arrays[f"adam.{theirs}.{key}"] = np.asarray(
                    value.detach().cpu() if hasattr(value, "detach") else value)
        for key, value in self._state.items():
            if hasattr(value, "detach") and key != "binoms":
                arrays[f"state.{key}"] = value.detach().cpu().numpy()
        Checkpoint("cuda", self.step, self.extent, arrays, extra or {}, best).write(
            path, self.options)

    def load(self, path: str | os.PathLike[str]) -> tuple[dict, Splats | None]:
        """Continue from a checkpoint of the same options; returns its `extra` and `best`."""
        found = read_checkpoint(path, "cuda", self.options)
        self.step, self.extent = found.step, found.extent
        self._set_scene(Splats(**{n: found.arrays[f"splats.{n}"] for n in _NAMES}))
        for name, optimizer in self._optimizers.items():
            state = self._tensors(found.arrays, f"adam.{name}.")
            if state:
                # torch keeps Adam's step count on the host.
                optimizer.state[self._params[name]] = state | {"step": state["step"].cpu()}
        self._state |= self._tensors(found.arrays, "state.")
        self._torch.manual_seed(self.options.seed + self.step)
        return found.extra, found.best

    def _tensors(self, arrays: dict[str, NDArray], prefix: str) -> dict[str, Any]:
        return {name.removeprefix(prefix): self._torch.as_tensor(value, device=self._device)
                for name, value in arrays.items() if name.startswith(prefix)}
