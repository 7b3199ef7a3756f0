"""``python -m tools.mlora_report accounting``: what per-scene maps of the paper's restorer cost.

SD-Turbo's real architecture (meta device, no weights needed): layers, symbols, raw and coded bytes
beside GFix's published figures. Coded bytes are of this project's own coder on symbols drawn at a
stated density, since no trained SD-Turbo maps exist here. What maps bring to the restorer that
ships is measured by tools.restored_rd.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

PUBLISHED = {
    "source": "GFix, arXiv 2511.06953, Table I and text",
    "raw_mib_decoder": 40.05, "raw_mib_lora": 242.04,
    "coded_mb": {"decoder": 0.093, "decoder + prompt": 0.101, "decoder + prompt + U-Net": 0.171},
}
RANKS = (16, 32, 64, 128, 256, 512)
LISTS = {"decoder": 1, "U-Net attention": 2}
PROMPT = (8, 1024)


def sd_turbo():
    """{"backbone", "autoencoder"} of SD-Turbo on the meta device."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    with torch.device("meta"):
        unet = UNet2DConditionModel(
            sample_size=64, block_out_channels=(320, 640, 1280, 1280), cross_attention_dim=1024,
            attention_head_dim=[5, 10, 20, 20], use_linear_projection=True)
        vae = AutoencoderKL(
            latent_channels=4, block_out_channels=(128, 256, 512, 512), layers_per_block=2,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)
    return {"backbone": unet, "autoencoder": vae}


def drawn(ranks: list[int], full: bool, density: float, seed: int):
    """Maps whose entries are +-1 with the density, else 0."""
    rng = np.random.default_rng(seed)
    maps = []
    for rank in ranks:
        shape = (rank, rank) if full else rank
        maps.append((rng.choice([-1, 1], shape) * (rng.random(shape) < density)).astype(np.int32))
    if not any(q.any() for q in maps):
        maps[0].flat[0] = 1
    return tuple(maps)


def coded_bytes(code: int, ranks: list[int], full: bool, density: float) -> int:
    """Bytes of an MLRA payload of one group."""
    from codec.core.mlra import MapGroup, write_maps

    return len(write_maps([MapGroup(code, full, 24, drawn(ranks, full, density, 0))]))


def rows_for(name: str, sizes: list[int], density: float) -> list[dict]:
    """Symbols and bytes by rank and mode of one list; sizes: full rank of each layer."""
    rows = []
    for rank in RANKS:
        ranks = [min(rank, size) for size in sizes]
        for full in (False, True):
            symbols = sum(r * r if full else r for r in ranks)
            row = {"list": name, "rank": rank, "mode": "full" if full else "diagonal",
                   "layers": len(sizes), "symbols": symbols, "raw_bytes_f32": 4 * symbols}
            if symbols <= 1 << 24:
                row["coded_bytes"] = coded_bytes(LISTS[name], ranks, full, density)
                row["bits_per_symbol"] = 8 * row["coded_bytes"] / symbols
            rows.append(row)
    return rows


def as_the_paper(sizes: dict[str, list[int]], density: float) -> dict:
    """The paper's own layout: maps of 512 x 512 not clipped by the layer, U-Net at 256."""
    decoder = coded_bytes(1, [512] * len(sizes["decoder"]), True, density)
    unet = coded_bytes(2, [min(256, s) for s in sizes["U-Net attention"]], True, density)
    prompt = coded_bytes(0, [PROMPT[1]] * PROMPT[0], False, 0.05)
    raw = 4 * 512 * 512 * len(sizes["decoder"])
    return {
        "decoder_symbols": raw // 4, "raw_mib_decoder": raw / 2**20,
        "coded_mb": {"decoder": decoder / 1e6, "decoder + prompt": (decoder + prompt) / 1e6,
                     "decoder + prompt + U-Net": (decoder + prompt + unet) / 1e6},
        "note": f"symbols drawn: +-1 with density {density} in the maps and 0.05 in the 8 prompt "
                "rows (ours; the paper's prompt map is not known)",
    }


def accounting(density: float) -> dict:
    """The whole report."""
    from codec.restore.mlora import layer_list

    modules = sd_turbo()
    sizes = {name: [layer.full_rank for layer in layer_list(modules, code)]
             for name, code in LISTS.items()}
    census = {name: len(layer_list(modules, code)) for name, code in
              (("decoder", 1), ("U-Net attention", 2), ("U-Net convolutions", 4),
               ("U-Net convolutions and linear", 3))}
    parameters = {role: sum(p.numel() for p in module.parameters())
                  for role, module in modules.items()}
    rows = [row for name in LISTS for row in rows_for(name, sizes[name], density)]
    return {"published": PUBLISHED, "parameters": parameters, "layers": census,
            "density": density, "as_the_paper": as_the_paper(sizes, density), "rows": rows}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.mlora_report", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", choices=["accounting"])
    parser.add_argument("--density", type=float, default=0.007,
                        help="share of +-1 among the symbols (0.007 fits the paper's bytes)")
    parser.add_argument("-o", "--output", type=Path, help="JSON file; default: stdout")
    given = parser.parse_args(arguments)
    text = json.dumps(accounting(given.density), indent=1)
    if given.output:
        given.output.write_text(text + "\n", "utf-8")
    else:
        sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
