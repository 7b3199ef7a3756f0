"""What a stream says about itself, without decoding Gaussians."""

from __future__ import annotations

import warnings
from dataclasses import replace

from codec.decoder.parse import Stream, parse
from codec.decoder.restorer import restorer_facts
from codec.options import DecoderLimits
from codec.scene import Camera
from codec.wire import tables
from codec.wire.views import read_views

_DEFAULT = DecoderLimits()


def stream_info(data: bytes, limits: DecoderLimits = _DEFAULT) -> dict:
    """Header, boxes, tiles, sizes per layer and bits per Gaussian, ready for JSON."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = parse(data, replace(limits, allow_partial=True))
    head, n_shown = stream.header, stream.n_shown()
    n = max(n_shown, 1)
    layers: dict[str, int] = {}
    for tier in stream.tiers:
        for (layer, _), box in tier.payloads.items():
            name = tier.layers[layer]
            layers[name] = layers.get(name, 0) + box.size
    others = len(data) - sum(layers.values())
    return {
        "version": f"{stream.file_header.major}.{stream.file_header.minor}",
        "profile": tables.PROFILES[stream.file_header.profile],
        "level": stream.file_header.level,
        "bytes": len(data),
        "n_gaussians": n_shown,
        "sh_degree": head.sh_degree,
        "antialiased": bool(head.flags & tables.SCENE_FLAG_ANTIALIASED),
        "order_kept": bool(head.flags & tables.SCENE_FLAG_ORDER_KEPT),
        "frame": tables.FRAMES[head.frame],
        "colour_space": tables.COLOUR_SPACES[head.colour_space],
        "metres_per_unit": head.unit or None,
        "complete": not stream.truncated,
        "bits_per_gaussian": 8 * len(data) / n,
        "components": {
            name: {"bytes": size, "bits_per_gaussian": 8 * size / n}
            for name, size in {**layers, "headers and index": others}.items()
        },
        "tiers": _tiers(stream),
        "tiles": [{"tier": k, "n": t.n, "origin": list(t.origin), "bits": list(t.bits)}
                  for k, tier in enumerate(stream.tiers) for t in tier.tiles or ()],
        "default_views": len(default_views(data, limits)),
        "restorer": restorer_facts(stream),
        "boxes": [
            {"type": b.type.decode("latin-1").strip(), "layer": b.layer, "tile": b.tile,
             "offset": b.offset, "bytes": b.size}
            for b in stream.boxes
        ],
    }


def _tiers(stream: Stream) -> list[dict]:
    """Of each tier: Gaussians shown up to it, whether it replaces those before it, and bytes of
    the stream up to its last TILE box."""
    out, n, seen = [], 0, -1
    for box in stream.boxes:
        if box.type == tables.MODL:
            seen += 1
            replaces = stream.replaces(stream.tiers[seen])
            n = (0 if replaces else n) + sum(t.n for t in stream.tiers[seen].tiles or ())
            out.append({"n_gaussians": n, "replaces": replaces})
        if box.type == tables.TILE:
            out[-1]["bytes"] = box.offset + box.size
    return out


def default_views(data: bytes, limits: DecoderLimits = _DEFAULT) -> list[Camera]:
    """Views carried in the stream; empty when there are none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = parse(data, replace(limits, allow_partial=True))
    box = stream.ancillary.get(tables.VIEW)
    return read_views(box.payload) if box else []
