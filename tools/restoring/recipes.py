"""What is trained and how: the small restorer's stages, and the papers' full-size recipes."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from codec.restore.small import SmallConfig
from tools.restoring.stages import Recipe

_DETAIL = SmallConfig(detail=3)
SMALL = {
    "regress": Recipe(net=_DETAIL, batch=8, rate=4e-4, lpips=1.5, l2=1.0, steps=10_000),
    "prior": Recipe(stage="prior", batch=8, l1=0, lpips=0, steps=3_000),
    "distill": Recipe(stage="distill", net=_DETAIL, batch=8, rate=1e-4, lpips=2.0, l2=1.0,
                      dist=1.0, steps=700, mask_share=0.5),
}
"""The stages of the small restorer, in the order regress, prior, distill; the weights that ship
were made by a course close to this (their model card tells)."""


@dataclass(frozen=True, slots=True)
class FullRecipe:
    """Hyper-parameters of a paper's training, for its own back end and a GPU.

    start: network time and, for rectified flow, the noise level.   trained: what is adapted.
    losses: weights by name.   rates: learning rates by what they train.
    """

    backbone: str
    start: dict[str, float | str]
    trained: dict[str, int | str]
    losses: dict[str, float]
    rates: dict[str, float]
    steps: int
    batch: int
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-2
    clip: float = 1.0
    guidance: float = 1.0
    data: str = ""


FULL_SIZE = {
    "nifi": FullRecipe(
        "stabilityai/stable-diffusion-3-medium", {"time": 199, "level": 0.1979167, "noise": "full"},
        {"lora_rank_transformer": 64, "lora_rank_vae_encoder": 64, "lora_rank_critic": 64},
        {"distribution": 0.7, "target_score": 0.3, "l2": 1.0, "lpips": 1.0},
        {"student": 5e-6, "critic": 1e-6}, 60_000, 4, weight_decay=1e-4, guidance=7.5,
        data="1,000 scenes, three levels each, one random view a draw"),
    "gausspainter": FullRecipe(
        "stabilityai/sd-turbo", {"time": 199, "noise": "none"},
        {"unet": "whole", "vae": "TAESD", "lora_rank_vae_decoder": 4, "skips": "1x1",
         "mask_grid": 8},
        {"l2": 1.0, "lpips": 1.0, "latent": 1.0}, {"all": 2e-5}, 10_000, 1,
        data="scenes pruned to a share log-uniform in 0.03..0.3, crops of 512 px"),
    "gfix": FullRecipe(
        "stabilityai/sd-turbo", {"time": "learned from 199", "noise": "none"},
        {"mlora_rank_vae_decoder": 1024, "mlora_rank_unet": 256, "mlora_rank_prompt": 512},
        {"l2": 1.0, "lpips": 1.0, "bits": 1.0}, {"maps": 0.05, "prompt": 1e-3, "time": 1.0},
        2_000, 2, weight_decay=0.0, data="the views of the scene itself"),
}


def changed(recipe: Recipe, settings: tuple[str, ...]) -> Recipe:
    """The recipe with NAME=VALUE changes; names of the network's shape are known too.

    Raises KeyError for a name there is not.
    """
    shape = {f.name for f in fields(SmallConfig)}
    known = {f.name for f in fields(Recipe)} - {"net", "stage"}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name in shape:
            recipe = replace(recipe, net=replace(recipe.net, **{
                name: _parsed(getattr(recipe.net, name), text)}))
        elif name in known:
            recipe = replace(recipe, **{name: _parsed(getattr(recipe, name), text)})
        else:
            raise KeyError(name)
    return recipe


def _parsed(old, text: str):
    """`text` as a value of the type of `old`."""
    if isinstance(old, bool):
        return text.lower() in ("1", "true", "yes")
    if isinstance(old, tuple):
        return tuple(int(part) for part in text.split(","))
    return type(old)(text)
