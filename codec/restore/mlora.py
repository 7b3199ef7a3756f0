"""mLoRA: frozen factors that both sides derive, and a small trained map between them (GFix).

W' = W + B M A with A = S^(1/2) V^T and B = U S^(1/2) of the leading singular triplets of W (GFix
Eqs. 1-2, read as spec 5.11.5 says). Factors come from eigh in float64 on the
CPU with a sign rule, since SVD signs and close pairs are arbitrary; a CRC tells a mismatch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from codec.core.mlra import PROMPT_LIST, MapGroup
from codec.errors import BackendError
from codec.wire.checksum import crc32c

DECODER, ATTENTION, BACKBONE, CONVOLUTIONS = 1, 2, 3, 4
CRC_BITS = 12
_TINY = 2.0**-20
"""Smaller singular values, relative to the first, are rounding errors of eigh."""
_ATTENTION_NAMES = (".to_q", ".to_k", ".to_v", ".to_out.0")


@dataclass(frozen=True, slots=True)
class Layer:
    """One modulated layer.   name: of the module in its network."""

    name: str
    module: nn.Module

    @property
    def weight(self) -> nn.Parameter:
        """The parameter, [m, ...]."""
        return self.module.weight

    @property
    def matrix_shape(self) -> tuple[int, int]:
        return self.weight.shape[0], self.weight.numel() // self.weight.shape[0]

    @property
    def full_rank(self) -> int:
        return min(self.matrix_shape)


def _linear_layers(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Convolutions and linear layers in the order of the state dict; LoRA adapters left out."""
    for name, part in module.named_modules():
        if isinstance(part, nn.Conv2d | nn.Linear) and "lora_" not in name:
            yield name, part


def layer_list(modules: dict[str, nn.Module], code: int) -> list[Layer]:
    """The layers of a list of annex B.9. Raises BackendError when the restorer has no such."""
    role = "autoencoder" if code == DECODER else "backbone"
    if role not in modules or code == PROMPT_LIST:
        raise BackendError(f"this restorer has no layers of list {code}")
    found = list(_linear_layers(modules[role]))
    if code == DECODER:
        found = [(n, p) for n, p in found if n.startswith(("post_quant_conv", "decoder."))]
    elif code == ATTENTION:
        found = [(n, p) for n, p in found if n.endswith(_ATTENTION_NAMES)]
    elif code == CONVOLUTIONS:
        found = [(n, p) for n, p in found if isinstance(p, nn.Conv2d)]
    if not found:
        raise BackendError(f"this restorer has no layers of list {code}")
    return [Layer(name, part) for name, part in found]


def factors(weight: NDArray, rank: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(B [m, r], A [r, n]) of a matrix [m, n]; r <= min(m, n). Spec 5.11.5."""
    w = weight.astype(np.float64)
    wide = w.shape[1] >= w.shape[0]
    values, vectors = np.linalg.eigh(w @ w.T if wide else w.T @ w)
    order = np.argsort(values, kind="stable")[::-1][:rank]
    singular = np.sqrt(np.maximum(values[order], 0.0))
    kept = singular > _TINY * max(singular[0], 1e-300) if rank else singular > 0
    safe = np.where(kept, singular, 1.0)
    u = vectors[:, order] if wide else (w @ vectors[:, order]) / safe
    if rank:
        largest = np.abs(u).argmax(axis=0)
        u = u * np.where(u[largest, np.arange(rank)] < 0, -1.0, 1.0)
    u = np.where(kept, u, 0.0)
    root = np.sqrt(safe)
    return u * root, (u / root).T @ w


def _matrix(weight: Tensor) -> NDArray[np.float64]:
    return weight.detach().double().cpu().reshape(len(weight), -1).numpy()


@dataclass(frozen=True, slots=True)
class FactorGroup:
    """The layers of a list with their factors; rank 0 leaves a layer out.

    crc: of round(B 2^12), what `factor_crc` in the stream is compared with.
    """

    layers: tuple[Layer, ...]
    factors: tuple[tuple[NDArray, NDArray] | None, ...]
    crc: int


def factor_group(layers: list[Layer], ranks: list[int] | tuple[int, ...]) -> FactorGroup:
    """Factors of all layers with a rank. Raises BackendError when the ranks do not fit."""
    if len(layers) != len(ranks) or any(r > x.full_rank
                                        for r, x in zip(ranks, layers, strict=False)):
        raise BackendError(f"the maps are for {len(ranks)} layers, the restorer has "
                           f"{len(layers)} of other sizes: these are not the weights they were "
                           "made for")
    found = tuple(factors(_matrix(layer.weight), rank) if rank else None
                  for layer, rank in zip(layers, ranks, strict=True))
    return FactorGroup(tuple(layers), found, factors_crc([f[0] for f in found if f]))


def factors_crc(columns: list[NDArray]) -> int:
    """CRC-32C over the matrices B in 2^-12, rounded to nearest, as little-endian i32."""
    rounded = [np.rint(b * (1 << CRC_BITS)).astype("<i4").tobytes() for b in columns]
    return crc32c(b"".join(rounded))


def map_matrix(q: NDArray, scale: float, full: bool) -> NDArray[np.float64]:
    """M of one layer, [r, r]."""
    m = q.astype(np.float64) * scale
    return m if full else np.diag(m)


def apply_maps(modules: dict[str, nn.Module], groups: tuple[MapGroup, ...]) -> None:
    """Merge maps into the networks' weights, once for a scene; prompt rows are not weights.

    Raises BackendError when the factors are not those the maps were trained with.
    """
    for group in groups:
        if group.layers == PROMPT_LIST:
            continue
        found = factor_group(layer_list(modules, group.layers), group.ranks)
        if found.crc != group.factor_crc:
            raise BackendError(
                "the factors of the scene's maps differ from the encoder's (CRC "
                f"{found.crc:08x}, wanted {group.factor_crc:08x}): other weights, or a linear "
                "algebra library of too low precision")
        for layer, pair, q in zip(found.layers, found.factors, group.maps, strict=True):
            if pair is not None and q.any():
                _merge(layer, pair, map_matrix(q, group.scale, group.full))


def _merge(layer: Layer, pair: tuple[NDArray, NDArray], m: NDArray[np.float64]) -> None:
    b, a = pair
    update = torch.from_numpy(b @ m @ a).reshape(layer.weight.shape)
    with torch.no_grad():
        merged = layer.weight.double().cpu() + update
        layer.weight.copy_(merged.to(layer.weight.dtype))


def apply_prompt(embedding: Tensor, groups: tuple[MapGroup, ...]) -> Tensor:
    """The prompt's embedding [tokens, width] with the scene's rows added."""
    for group in groups:
        if group.layers != PROMPT_LIST:
            continue
        rows = len(group.maps)
        if rows > len(embedding) or any(len(q) != embedding.shape[1] for q in group.maps):
            raise BackendError("the scene's prompt rows do not fit the prompt's embedding")
        if prompt_crc(embedding, rows) != group.factor_crc:
            raise BackendError("the scene's prompt rows are for another prompt's embedding")
        delta = np.stack([q * group.scale for q in group.maps])
        embedding = embedding.clone()
        embedding[:rows] += torch.from_numpy(delta).to(embedding)
    return embedding


def prompt_crc(embedding: Tensor, rows: int) -> int:
    """`factor_crc` of prompt rows."""
    return factors_crc([embedding[:rows].detach().double().cpu().numpy()])
