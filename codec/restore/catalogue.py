"""What an encoder can signal with the weights that are here: settings of a kind, with hashes.

No torch is imported: the small network's shape is read from its file's metadata.
"""

from __future__ import annotations

import json

from codec.errors import BackendError
from codec.restore.schedule import RECTIFIED_FLOW, X0, time_to_fixed, to_fixed
from codec.restore.weights import (
    PROMPT_FILES,
    SMALL_STEM,
    WeightStore,
    safetensors_digest,
    safetensors_metadata,
)
from codec.wire.restorer import BY_NAME, KINDS, MODELS, ModelId, RestorerParams

NAMES = tuple(KINDS.values())
SMALL = 1


def settings_for(kind: str, store: WeightStore, seed: int = 0) -> RestorerParams:
    """REST of a kind of restorer, for the weights found. Raises BackendError naming what lacks."""
    if kind == "small":
        return small_settings(store, seed)
    if kind == "nifi":
        from codec.restore.nifi import nifi_params

        title = MODELS[3]
        return nifi_params(_hash(store, title, "transformer"), _hash(store, title, "vae"),
                           _adapters(store, "nifi"), _prompt(store, "nifi"), seed)
    unet, vae = (_hash(store, MODELS[2], part) for part in ("unet", "vae"))
    if kind == "gausspainter":
        from codec.restore.gausspainter import gausspainter_params

        return gausspainter_params(unet, _hash(store, MODELS[4], ""),
                                   _adapters(store, "gausspainter"), _prompt(store, kind))
    if kind == "gfix":
        from codec.restore.gfix import gfix_params

        return gfix_params(unet, vae, _prompt(store, kind))
    if kind == "img2img":
        from codec.restore.img2img import img2img_params

        return img2img_params(unet, vae, _prompt(store, kind), seed=seed)
    raise BackendError(f"unknown restorer {kind!r}: use {', '.join(NAMES)}")


def small_settings(store: WeightStore, seed: int = 0) -> RestorerParams:
    """REST for this project's own network. One noise for all views: less flicker."""
    found = store.find(MODELS[SMALL], stem=SMALL_STEM)
    try:
        config = json.loads(safetensors_metadata(found.files[0])["config"])
        level, mask = float(config["noise_level"]), bool(config["mask"])
        multiple = 4 << (len(config["channels"]) - 1)
    except (KeyError, TypeError, ValueError) as error:
        raise BackendError(f"{found.files[0]} does not say what network it holds") from error
    return RestorerParams(
        kind=SMALL, backbone=ModelId(SMALL, "", "1", found.sha256), schedule=RECTIFIED_FLOW,
        prediction=X0, level=max(to_fixed(level), 1),
        network_time=min(time_to_fixed(1000 * level), 65535), noise_mode=2 if level else 0,
        noise_seed=seed, mask=2 if mask else 0, pad=multiple, pad_mode=1,
    )


def _hash(store: WeightStore, title: str, part: str) -> bytes:
    return store.find(title, part).sha256


def _adapters(store: WeightStore, name: str) -> ModelId:
    return ModelId(BY_NAME, name, "", store.find(name, stem="adapters").sha256)


def _prompt(store: WeightStore, kind: str) -> bytes:
    """Hash of the prompt's embedding that a kind uses."""
    name = PROMPT_FILES[kind]
    for place in store.places:
        path = place / "prompts" / name
        if path.exists():
            return safetensors_digest([path])
    folders = ", ".join(str(place / "prompts") for place in store.places)
    raise BackendError(f"the prompt's embedding {name} is missing; make it with the model's text "
                       "encoder (tensor `prompt`, tokens x width) and put it into one of "
                       f"{folders}")
