"""Ladders of wide steps: each tier is a scene of its own, which replaces the tiers before it.

What few Gaussians show, they show by being large, which is of little use to a scene of many more.
Measured on fern at steps of 4: a tier trained behind the frozen Gaussians of the one before shows
no more than it would without them, and with all of them free to train still 0.2 to 0.4 dB less than
a scene pruned and trained for its own size. So from steps of WIDE on earlier tiers are left behind
(spec R-DEC-05), which costs their bytes and nothing else: a ninth at steps of ten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from codec.core.params import CodingParams, SceneHeader
from codec.decoder.parse import Stream, parse
from codec.encoder.ancillary import ancillary_boxes
from codec.encoder.assemble import join_boxes
from codec.encoder.draft import scene_flags
from codec.encoder.ladder import reported_tiers
from codec.encoder.search import SEARCH_EFFORT, view_error
from codec.errors import SceneError
from codec.options import DecoderLimits, EncoderOptions
from codec.scene import Splats
from codec.wire import tables
from codec.wire.boxes import Box

WIDE = 4.0
"""Least ratio of sizes at which a tier stands alone; nested tiers cost less at smaller ones."""
TRIES = 3
"""Encodes of a tier until it fits its room with the SH degree of the whole file."""

Coder = Callable[..., bytes]
"""(splats, options, seen, default_views, progress, report) -> a stream of one tier."""


def is_wide(sizes: tuple[int, ...]) -> bool:
    """Whether the tiers of a ladder of these sizes stand alone."""
    return all(b >= WIDE * a for a, b in pairwise(sizes))


def encode_whole_tiers(splats: Splats, options: EncoderOptions, seen, default_views,
                       code: Coder, progress, report: dict) -> bytes:
    """A stream whose first options.ladder[k] bytes are a scene of that size.

    seen: (cameras, photos folder) or None each.   code: encodes a scene to one target size.
    Raises SceneError where a size cannot be met.
    """
    cameras, photos = seen
    error, views = view_error(splats, cameras, options, report)
    boxes = ancillary_boxes(replace(splats, extra={}), default_views)
    plain = replace(options, ladder=(), restore="off", adapt="off",
                    time_budget=options.time_budget and options.time_budget / len(options.ladder))
    degree = top_degree(splats, options)
    most = SceneHeader(splats.n_gaussians * len(options.ladder), degree).write()
    spent = tables.FILE_HEADER_SIZE + tables.BOX_OVERHEAD + len(most) + sum(b.size for b in boxes)
    streams: list[Stream] = []
    for k, size in enumerate(options.ladder):
        last = k == len(options.ladder) - 1
        room = size - spent - tables.END_SIZE * last
        facts: dict = {"dropped": {}, "changed": {}}
        given = replace(splats, comments=(), extra={}), plain, (views or cameras, photos)
        try:
            stream = _tier(*given, (room, degree, code), _part(progress, k, len(options.ladder)),
                           facts)
        except SceneError as exc:
            if exc.code != "size":
                raise
            raise SceneError(f"cannot reach {size} bytes: leave the size out of the ladder, or "
                             "lower --sh-degree", code="size") from exc
        spent += _size(stream)
        streams.append(stream)
        if facts.get("trained", {}).get("interrupted"):
            plain = replace(plain, effort=min(plain.effort, SEARCH_EFFORT))
        if "trained" in facts:
            report["trained"] = facts["trained"]
        report["dropped"] |= facts["dropped"] if last else {}
    data = _joined(streams, boxes, SceneHeader(0, degree, scene_flags(splats)))
    report["tiers"] = reported_tiers(data, options.ladder, error)
    report.update(n_out=report["tiers"][-1]["n_gaussians"], psnr=report["tiers"][-1]["psnr"])
    if degree < splats.sh_degree:
        report["sh_degree_from"] = splats.sh_degree
    return data


def top_degree(splats: Splats, options: EncoderOptions) -> int:
    """SH degree of the largest tier, which all tiers are written with."""
    from codec.encoder.sparse import degree_for, is_sparse

    size = options.ladder[-1]
    sparse = options.prune and is_sparse(splats.n_gaussians, size) and options.sh_degree is None
    return degree_for(size, splats.sh_degree) if sparse else splats.sh_degree


def _tier(splats: Splats, options: EncoderOptions, seen, place, progress, report: dict) -> Stream:
    """A stream of one tier, whose boxes fit.   place: (room in bytes, SH degree, coder)."""
    room, degree, code = place
    head = tables.BOX_OVERHEAD + len(SceneHeader(1, degree).write())
    target = room + tables.FILE_HEADER_SIZE + head + tables.END_SIZE
    for attempt in range(TRIES):
        data = code(splats, replace(options, target_size=max(target, 1)), seen, None, progress,
                    report)
        stream = _with_degree(parse(data, DecoderLimits(max_expansion=0)), degree)
        excess = _size(stream) - room
        if excess <= 0:
            return stream
        # A smaller target is met by other Gaussians, whose boxes may be larger: step back farther.
        target -= excess + attempt * room // 100
    raise SceneError(f"no tier of {room} bytes", code="size")


def _with_degree(stream: Stream, degree: int) -> Stream:
    """The same scene in a stream of SH degree `degree`: the basis gets columns of zeros."""
    own = stream.header.sh_degree
    if own == degree:
        return stream
    (tier,) = stream.tiers
    width = 3 * ((degree + 1) ** 2 - 1)
    basis = np.zeros((len(tier.params.basis), width), np.int8)
    used = min(width, tier.params.basis.shape[1])
    basis[:, :used] = tier.params.basis[:, :used]
    tier.params = replace(tier.params, basis=basis)
    return stream


def _tier_boxes(stream: Stream, first: bool) -> list[Box]:
    """MODL, INDX and TILE boxes of a stream of one tier, as the first tier or a replacing one."""
    (tier,) = stream.tiers
    params: CodingParams = replace(tier.params, shrink=0 if first else tables.REPLACES)
    rest = [box for box in stream.boxes if box.type in (tables.INDX, tables.TILE)]
    return [Box(tables.MODL, params.write()), *rest]


def _size(stream: Stream) -> int:
    return sum(box.size for box in _tier_boxes(stream, False))


def _joined(streams: list[Stream], ancillary: list[Box], header: SceneHeader) -> bytes:
    tiles = [tile for stream in streams for tile in stream.tiers[0].tiles]
    header = replace(header, n_gaussians=sum(tile.n for tile in tiles), n_tiers=len(streams))
    tiers = [box for k, stream in enumerate(streams) for box in _tier_boxes(stream, k == 0)]
    boxes = [Box(tables.HEAD, header.write()), *ancillary, *tiers]
    return join_boxes(tables.PROFILE_LOSSY, boxes, tiles)


def _part(progress, k: int, count: int):
    """Progress of tier `k`, as a part of the whole."""
    def tell(stage: str, fraction: float, note: str) -> None:
        progress(stage, (k + fraction) / count, f"tier {k + 1}" + f", {note}" * bool(note))

    return tell
