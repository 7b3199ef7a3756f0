"""What the back ends on diffusers share: loading, latents, prompts, adapters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from codec.core.mlra import MapGroup
from codec.errors import BackendError
from codec.restore.base import Restorer
from codec.restore.mlora import apply_maps, apply_prompt
from codec.restore.weights import Found, WeightStore
from codec.wire.restorer import NO_GUIDANCE, ONE, TIME_BITS, ModelId, RestorerParams


@dataclass(frozen=True, slots=True)
class Prompt:
    """Text conditions, stored since text encoders differ in the last bits between machines.

    prompt: [tokens, width].   pooled: [width] or None.   null, null_pooled: of the empty text,
    for guidance.
    """

    prompt: Tensor
    pooled: Tensor | None = None
    null: Tensor | None = None
    null_pooled: Tensor | None = None

    @classmethod
    def load(cls, path: Path) -> Prompt:
        from safetensors.torch import load_file

        stored = load_file(path)
        if "prompt" not in stored or set(stored) - set(cls.__slots__):
            raise BackendError(f"{path} holds no prompt embedding (tensor `prompt`)")
        return cls(**stored)

    def with_maps(self, maps: tuple[MapGroup, ...]) -> Prompt:
        """The scene's rows added."""
        return Prompt(apply_prompt(self.prompt, maps), self.pooled, self.null, self.null_pooled)


def load_network(cls: type, found: Found) -> nn.Module:
    """A network of a diffusers class from config.json and safetensors files, for inference."""
    from safetensors.torch import load_file

    config = cls.load_config(str(found.folder))
    with torch.device("meta"):
        network = cls.from_config(config)
    state = {}
    for path in found.files:
        state |= load_file(path)
    try:
        network.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise BackendError(f"{found.folder} does not fit {cls.__name__}: {error}") from error
    left = [n for n, t in (*network.named_parameters(), *network.named_buffers()) if t.is_meta]
    if left:
        raise BackendError(f"{found.folder} lacks {left[0]}")
    return network.eval().requires_grad_(False)


def load_adapters(params: RestorerParams, store: WeightStore) -> dict[str, Tensor]:
    """All tensors of the signalled universal weights. Raises BackendError."""
    from safetensors.torch import load_file

    found = store.find_model(params.adapters, stem="adapters")
    return {name: t for path in found.files for name, t in load_file(path).items()}


def add_lora(module: nn.Module, names: list[str], rank: int, alpha: int) -> None:
    """Put LoRA adapters on the named layers: A normal, B zero, so nothing changes yet."""
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(r=rank, lora_alpha=alpha, init_lora_weights="gaussian",
                        target_modules=names)
    inject_adapter_in_model(config, module, "restorer")


def lora_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """The adapters' parameters by name."""
    return {name: p for name, p in module.named_parameters() if "lora_" in name}


def merge_lora(module: nn.Module) -> None:
    """Fold all adapters into their layers: no cost a view."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for part in module.modules():
        if isinstance(part, BaseTunerLayer):
            part.merge()


def load_named(module: nn.Module, tensors: dict[str, Tensor], prefix: str) -> int:
    """Load the tensors whose names begin with `prefix`; returns how many. Raises BackendError."""
    state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
    unknown = module.load_state_dict(state, strict=False).unexpected_keys
    if unknown:
        raise BackendError(f"the adapters hold {prefix}{unknown[0]}, unknown to this restorer")
    return len(state)


class LatentRestorer(Restorer):
    """A restorer whose network works on an autoencoder's latents."""

    def __init__(self, params: RestorerParams, backbone: nn.Module, autoencoder: nn.Module,
                 prompt: Prompt | None = None, maps: tuple[MapGroup, ...] = (), **given) -> None:
        super().__init__(params, **given)
        self.backbone, self.autoencoder = backbone, autoencoder
        apply_maps(self.modules(), maps)
        self.prompt = prompt.with_maps(maps) if prompt else None
        for network in self.modules().values():
            network.to(self.device, self.dtype).eval()
        self.channels = int(autoencoder.config.latent_channels)
        self.factor = _factor_of(autoencoder)
        self.scale = params.latent_scale / ONE
        self.shift = params.latent_shift / ONE
        self.time = params.network_time / (1 << TIME_BITS)

    def modules(self) -> dict[str, nn.Module]:
        return {"backbone": self.backbone, "autoencoder": self.autoencoder}

    def encode(self, image: Tensor) -> tuple[Tensor, object]:
        """The posterior's mean, scaled: deterministic, unlike the papers' samples."""
        found = self.autoencoder.encode(image)
        latent = found.latent_dist.mean if hasattr(found, "latent_dist") else found.latents
        return self.scale * (latent - self.shift), None

    def decode(self, latent: Tensor, side: object) -> Tensor:
        return self.autoencoder.decode(latent / self.scale + self.shift).sample

    def text(self, count: int) -> Tensor:
        """The text condition for `count` images, [count, tokens, width]."""
        return self._expanded(self.prompt.prompt, count)

    def _expanded(self, tokens: Tensor, count: int) -> Tensor:
        tokens = tokens.to(self.device, self.dtype)
        return tokens[None].expand(count, *tokens.shape)

    def times(self, count: int) -> Tensor:
        """[count] network times, real; differentiable while a step is learned."""
        time = torch.as_tensor(self.time, device=self.device, dtype=torch.float32)
        return time.expand(count)

    def guided(self, conditional: Tensor, plain) -> Tensor:
        """Classifier-free guidance; plain: called for the empty text's output where needed."""
        weight = self.params.guidance / NO_GUIDANCE
        if weight == 1:
            return conditional
        if self.prompt is None or self.prompt.null is None:
            raise BackendError("guidance needs the empty prompt's embedding (tensor `null`)")
        empty = plain()
        return empty + weight * (conditional - empty)


def _factor_of(autoencoder: nn.Module) -> int:
    config = autoencoder.config
    stages = config.get("block_out_channels") or config.encoder_block_out_channels
    return 1 << (len(stages) - 1)


class UNetRestorer(LatentRestorer):
    """One step of a Stable Diffusion U-Net: img2img and GFix."""

    def predict(self, noised: Tensor, clean: Tensor, hole: Tensor) -> Tensor:
        count = len(noised)

        def run(tokens: Tensor) -> Tensor:
            return self.backbone(noised, self.times(count), encoder_hidden_states=tokens).sample

        return self.guided(run(self.text(count)),
                           lambda: run(self._expanded(self.prompt.null, count)))


def autoencoder_class(model: ModelId) -> type:
    """The diffusers class of a signalled autoencoder."""
    from diffusers import AutoencoderKL, AutoencoderTiny

    return AutoencoderTiny if "taesd" in model.title else AutoencoderKL


def load_prompt(params: RestorerParams, store: WeightStore) -> Prompt:
    """The signalled prompt's embedding."""
    if not params.prompt:
        raise BackendError(f"a restorer of kind {params.kind_name} needs a prompt")
    return Prompt.load(store.find_prompt(params.prompt_sha256))


def load_unet(params: RestorerParams, store: WeightStore) -> tuple[nn.Module, nn.Module, Prompt]:
    """(U-Net, autoencoder, prompt) of a Stable Diffusion model as REST names them."""
    from diffusers import UNet2DConditionModel

    unet = load_network(UNet2DConditionModel, store.find_model(params.backbone, "unet"))
    autoencoder = load_network(autoencoder_class(params.autoencoder),
                               store.find_model(params.autoencoder))
    return unet, autoencoder, load_prompt(params, store)
