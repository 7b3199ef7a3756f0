"""The invalid cases: one thing wrong in each, checksums made to fit unless they are the point."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from codec import EncoderOptions, encode
from codec.core.lossless_model import Dictionary, LosslessParams
from codec.core.tile import TileSymbols
from codec.wire import tables
from codec.wire.checksum import crc32c
from codec.wire.writer import Writer
from conformance import scenes, surgery, valid
from conformance.surgery import RawBox
from conformance.synthetic import random_stream

FORMAT, UNSUPPORTED = ("format",), ("unsupported",)


@dataclass(frozen=True, slots=True)
class BadCase:
    """requirement: the one broken.   errors: classes a decoder may report."""

    requirement: str
    what: str
    errors: tuple[str, ...]
    make: Callable[[], bytes]

    @property
    def exercises(self) -> str:
        return f"{self.what} ({self.requirement})"


@lru_cache
def _base() -> bytes:
    return valid._encode(scenes.scene(60, 1, 30))


@lru_cache
def _tiled() -> bytes:
    return valid._tiled()


def _replace_at(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _file_header(data: bytes | None = None, **fields) -> bytes:
    _, boxes = surgery.take_apart(data or _base())
    return surgery.join(surgery.file_header(**fields), boxes)


def _signed(magic: bytes) -> bytes:
    """The base stream with another signature."""
    body = magic + _base()[8:16]
    return body + struct.pack("<I", crc32c(body)) + _base()[20:]


def _payload(kind: bytes, change, nth: int = 0, **given) -> bytes:
    return surgery.edit_payload(_base(), kind, change, nth, **given)


def _at(kind: bytes, offset: int, new: bytes) -> Callable[[], bytes]:
    return lambda: _payload(kind, lambda p: _replace_at(p, offset, new))


def _boxes(change, data: bytes | None = None) -> bytes:
    header, boxes = surgery.take_apart(data or _base())
    return surgery.join(header, change(boxes))


def _swapped(boxes: list[RawBox], i: int, j: int) -> list[RawBox]:
    out = list(boxes)
    out[i], out[j] = out[j], out[i]
    return out


def _head(count: bytes) -> Callable[[], bytes]:
    """HEAD with another n_gaussians, given as its varint bytes."""
    return lambda: _payload(tables.HEAD, lambda p: count + p[1:])


def _params(**changes) -> Callable[[], bytes]:
    return lambda: surgery.edit_params(_base(), **changes)


def _field(**changes) -> Callable[[], bytes]:
    return lambda: surgery.edit_field(_base(), "scale0", **changes)


def _tile(**changes) -> Callable[[], bytes]:
    return lambda: surgery.edit_tile(_base(), **changes)


def _words(change) -> Callable[[], bytes]:
    """The base payload's word section changed: change(words) -> words."""
    def edit(payload: bytes) -> bytes:
        n = payload[0]  # below 128 words: one varint byte
        words = np.frombuffer(payload[1 : 1 + 4 * n], "<u4")
        out = Writer()
        changed = change(words).astype("<u4")
        out.varint(len(changed))
        out.bytes(changed.tobytes() + payload[1 + 4 * n :])
        return out.getvalue()

    return lambda: surgery.edit_payload(_small(), tables.TILE, edit, fix_index=True)


@lru_cache
def _small() -> bytes:
    """Few enough Gaussians that the word count is one byte."""
    return valid._encode(scenes.scene(9, 0, 31))


def _tail(change) -> Callable[[], bytes]:
    return lambda: surgery.edit_payload(_small(), tables.TILE, change, fix_index=True)


def _padding() -> bytes:
    """The last padding bit of the base layer's raw section set."""
    return surgery.edit_payload(_one_bit_of_padding(), tables.TILE,
                                lambda p: p[:-1] + bytes([p[-1] | 1]), 1, fix_index=True)


@lru_cache
def _one_bit_of_padding() -> bytes:
    """A stream whose position layer ends in padding (refinement of 9 Gaussians)."""
    for seed in range(40, 80):
        data = valid._with_weights(scenes.scene(9, 0, seed))
        _, boxes = surgery.take_apart(data)
        payload = boxes[surgery.index_of(boxes, tables.TILE, 1)].payload
        try:
            broken = surgery.edit_payload(data, tables.TILE,
                                          lambda p: p[:-1] + bytes([p[-1] | 1]), 1)
            if payload[-1] & 1 == 0:
                from codec.decoder.decode import decode

                decode(broken)
        except Exception:
            return data
    raise ValueError("no seed gives padding")


@lru_cache
def _flat() -> bytes:
    """Steps that depend on nothing: centre, radius and opacity levels change no symbol."""
    return valid._encode(scenes.scene(40, 1, 38), mode="near-lossless")


def _flat_params(**changes) -> Callable[[], bytes]:
    return lambda: surgery.edit_params(_flat(), **changes)


def _half(size: int) -> Callable[[], bytes]:
    """A stream really coded with that alphabet of scale0."""
    def change(params):
        model = replace(params.fields["scale0"], half_alphabet=size)
        return replace(params, fields=params.fields | {"scale0": model})

    return lambda: random_stream(21, (12,), 0, 0, False, change=change)


def _placed(bits: tuple, origin: tuple) -> Callable[[], bytes]:
    """A stream really coded with that tree and origin."""
    return lambda: random_stream(22, (12,), 0, 0, False, place=(bits, origin))


def _empty_tile() -> bytes:
    """A second tile of no Gaussians, with boxes of no symbols."""
    header, boxes = surgery.take_apart(_small())
    _, _, tiles = surgery.read_parts(boxes)
    out = []
    for box in boxes:
        out.append(box)
        if box.type == tables.TILE:
            out.append(replace(box, tile=1, payload=b"\0"))
    tiles.append(replace(tiles[0], n=0, sizes=(1,) * len(tiles[0].sizes)))
    return surgery.join(header, surgery.with_tiles(out, tiles))


def _longer_entry() -> bytes:
    """INDX announces a byte more than the first TILE box has."""
    header, boxes = surgery.take_apart(_base())
    _, _, tiles = surgery.read_parts(boxes)
    sizes = (tiles[0].sizes[0] + 1, *tiles[0].sizes[1:])
    return surgery.join(header, surgery.with_tiles(boxes, [replace(tiles[0], sizes=sizes)]))


def _far_value() -> bytes:
    """dc0 of 2^38 fine units, by an escape of 31 bits at the largest shift."""
    from unittest.mock import patch

    from codec.core.params import PrecisionRule

    with patch("codec.core.fields.VALUE_LIMIT", 1 << 60):
        return random_stream(
            3, (5,), 0, 0, False, symbols_of=_far_symbols,
            change=lambda p: replace(p, dc_rule=PrecisionRule(-32768)),
        )


def _far_symbols(rng, params, tile) -> TileSymbols:
    n = tile.n
    zeros = np.zeros((n, 3), np.int64)
    dc = zeros.copy()
    dc[:, 0] = 1 << 38
    return TileSymbols(zeros, np.zeros(n, np.int64), zeros, dc, zeros, zeros)


def _long_sh() -> bytes:
    """The first Gaussian's length in the first SH layer is one more than the layer has rows."""
    from unittest.mock import patch

    from codec.core import tile

    def longer(symbols):
        lengths = tile_lengths(symbols)
        lengths[0] = len(symbols) + 1
        return lengths

    def unchecked(lengths, most):
        return lengths

    tile_lengths = tile.sh_lengths
    with patch.object(tile, "sh_lengths", longer), patch.object(tile, "_checked", unchecked):
        return random_stream(4, (5,), 1, 1, False)


def _extra_stream(change) -> Callable[[], bytes]:
    def make() -> bytes:
        data = valid._encode(scenes.scene(8, 0, 32, extra={"a": np.arange(8, dtype=np.uint8)}),
                             keep_extra=True)
        return surgery.edit_payload(data, tables.EXTR, change)

    return make


def _cut_at_layer_0(extra: int) -> bytes:
    data = _base()
    _, boxes = surgery.take_apart(data)
    before = 20 + sum(len(b.to_bytes()) for b in boxes[: surgery.index_of(boxes, tables.TILE)])
    return data[: before + extra]


def _without(boxes: list[RawBox], i: int) -> list[RawBox]:
    return [*boxes[:i], *boxes[i + 1 :]]


def _cut_long() -> bytes:
    """After the base layer INDX announces 2^32 bytes, and a header begins that says 0."""
    data = surgery.edit_tile(_base(), sizes=_long_sizes())
    header, boxes = surgery.take_apart(data)
    end = len(header) + sum(len(b.to_bytes())
                            for b in boxes[: surgery.index_of(boxes, tables.TILE) + 1])
    return data[:end] + b"TILE\x01\x01" + bytes(6)


def _long_sizes() -> tuple[int, ...]:
    _, _, tiles = surgery.read_parts(surgery.take_apart(_base())[1])
    return (tiles[0].sizes[0], 1 << 32, *tiles[0].sizes[2:])


def _empty_tier() -> bytes:
    """Two tiers of which the second has no tiles."""
    return surgery.nest([random_stream(47, (5,), 0, 0), valid._encode(scenes.scene(0, 0))])


def _many_tiles_in_tiers() -> bytes:
    return surgery.nest([random_stream(seed, (1,) * 40, 0, 0, False) for seed in (48, 49)])


@lru_cache
def _lossless() -> bytes:
    return encode(scenes.scene(12, 1, 33), EncoderOptions(mode="lossless"))


@lru_cache
def _lossless_even() -> bytes:
    """All opacities equal: the first column is one common value, its mean is used nowhere."""
    splats = scenes.scene(40, 1, 39, opacity_logits=np.full(40, 2.5))
    return encode(splats, EncoderOptions(mode="lossless"))


def _lossless_modl(offset: int, new: bytes, data=_lossless) -> Callable[[], bytes]:
    return lambda: surgery.edit_payload(data(), tables.MODL,
                                        lambda p: _replace_at(p, offset, new))


def _lossless_column(**changes) -> Callable[[], bytes]:
    """The first column's model changed."""
    def edit(payload: bytes) -> bytes:
        params = LosslessParams.read(payload, 9)
        columns = (replace(params.columns[0], **changes), *params.columns[1:])
        return replace(params, columns=columns).write()

    return lambda: surgery.edit_payload(_lossless_even(), tables.MODL, edit)


def _wide_fixed_point() -> bytes:
    """A column with values of 2^33 fixed-point units, coded as if they could be."""
    from unittest.mock import patch

    from codec.core import lossless

    def without_limit(patterns, exponent):
        floats = patterns.astype(np.uint32).view(np.float32).astype(np.float64)
        scaled = np.ldexp(np.abs(floats), exponent).astype(np.int64)
        return np.where(patterns >> 31, ~scaled, scaled), np.ones(len(patterns), bool)

    splats = scenes.scene(40, 1, 34)
    splats.log_scales[7] = 4e6
    with (patch.object(lossless, "fixed_point", without_limit),
          patch.object(lossless, "LIMIT", 1 << 50)):
        return encode(splats, EncoderOptions(mode="lossless"))


def _low_exponent() -> bytes:
    """Values near zero whose exponent is announced 250 lower than it is."""
    from unittest.mock import patch

    from codec.core import lossless_values

    code = lossless_values._code_drops

    def lower(coder, tables_, n, given):
        code(coder, tables_, n, given + 250)
        return given

    splats = scenes.scene(100, 1, 35)
    splats.shN[::3] *= 1e-5
    with patch.object(lossless_values, "_code_drops", lower):
        return encode(splats, EncoderOptions(mode="lossless"))


def _lossless_dictionary(*numbers: int) -> Callable[[], bytes]:
    """The first axis' dictionary said by these varints."""
    out = Writer()
    for number in numbers:
        out.varint(number)
    return lambda: surgery.edit_payload(_lossless(), tables.MODL,
                                        lambda p: p[:1] + out.getvalue() + p[2:])


def _lossless_short(group: str | None) -> Callable[[], bytes]:
    """The last run of a group's dictionary (None: of the first axis) taken away."""
    def shorter(d: Dictionary) -> Dictionary:
        return Dictionary(d.starts[:-1], d.steps[:-1], d.ranks[:-1])

    def edit(payload: bytes) -> bytes:
        params = LosslessParams.read(payload, 24)
        if group is None:
            return replace(params, axes=(shorter(params.axes[0]), *params.axes[1:])).write()
        model = params.groups[group]
        model = replace(model, dictionary=shorter(model.dictionary))
        return replace(params, groups=params.groups | {group: model}).write()

    return lambda: surgery.edit_payload(valid.CASES["lossless-palette"][1](), tables.MODL, edit)


def _lossless_repeat() -> bytes:
    """Repeated rows that name the fourth of three."""
    from unittest.mock import patch

    from codec.core import lossless_rows

    splats = scenes.scene(60, 1, 73)
    rows = np.arange(60) % 3
    first = lossless_rows._first_rows

    def beyond(columns):
        new, index = first(columns)
        return new, np.where(new, index, 3)

    with (patch.object(lossless_rows, "_first_rows", beyond),
          patch.object(lossless_rows, "_checked", lambda source, n_kept: source % n_kept)):
        return encode(replace(splats, shN=splats.shN[rows]), EncoderOptions(mode="lossless"))


def _lossless_component() -> bytes:
    """A component of unit quaternions so many steps below what is predicted that none is left."""
    from unittest.mock import patch

    from codec.core import lossless_rows

    code = lossless_rows._code_steps

    def lower(coder, context, given):
        code(coder, context, np.where(np.arange(len(given)) == 9, -(1 << 31), given))
        return given

    with patch.object(lossless_rows, "_code_steps", lower):
        return encode(valid.unit_scene(300, 74), EncoderOptions(mode="lossless"))


def _loose_frame(payload: bytes) -> bytes:
    """EXTR with a byte after the Zstandard frame, counted in its length."""
    return payload[:4] + bytes([payload[4] + 1]) + payload[5:] + b"\0"


def _claiming_frame(payload: bytes) -> bytes:
    """The one column as a frame that announces 2^62 bytes (RFC 8878, 3.1.1)."""
    frame = struct.pack("<IBQ", 0xFD2FB528, 0xE0, 1 << 62) + b"\x41\0\0" + bytes(8)
    return payload[:4] + bytes([len(frame)]) + frame


def _payload_later(change) -> Callable[[], bytes]:
    return lambda: _payload(tables.HEAD, change)


def _columns(count: int, name: str = "{}", n: int = 8, kind: int = 1) -> bytes:
    """An EXTR payload of `count` columns of zeros."""
    import zstandard

    packed = zstandard.ZstdCompressor().compress(bytes(n * (1, 1, 2, 2, 4, 4, 4, 8)[kind]))
    out = Writer()
    out.varint(count)
    for i in range(count):
        out.text(name.format(i))
        out.u8(kind)
        out.varint(len(packed))
        out.bytes(packed)
    return out.getvalue()


def _many(n: int, level: int, extra: bytes | None = None) -> bytes:
    """A short stream that announces `n` Gaussians in one tile; its payloads do not suffice."""
    header, boxes = surgery.take_apart(_small())
    head, _, tiles = surgery.read_parts(boxes)
    head = replace(head, n_gaussians=n)
    tiles = [replace(tiles[0], n=n)]
    boxes[0] = replace(boxes[0], payload=head.write())
    if extra is not None:
        boxes.insert(1, RawBox(tables.EXTR, extra))
    return surgery.join(surgery.file_header(level=level), surgery.with_tiles(boxes, tiles))


_LONG_VARINT = b"\xbc" + b"\x80" * 8 + b"\x01"

CASES: dict[str, BadCase] = {
    # file header
    "empty-file": BadCase("R-FILE-01", "no bytes", FORMAT, lambda: b""),
    "magic-text": BadCase("R-FILE-01", "line ends changed by a text transfer", FORMAT,
                          lambda: _base().replace(b"\r\n", b"\n", 1)),
    "magic-other": BadCase("R-FILE-01", "a PLY header", FORMAT,
                           lambda: b"ply\nformat binary_little_endian 1.0\n"),
    "magic-bit": BadCase("R-FILE-01", "one bit of the signature, under a CRC that fits", FORMAT,
                         lambda: _signed(b"\x88" + tables.MAGIC[1:])),
    "header-crc": BadCase("R-FILE-02", "file header CRC", FORMAT,
                          lambda: _replace_at(_base(), 16, bytes(4))),
    "version-major": BadCase("R-FILE-03", "major version 9", UNSUPPORTED,
                             lambda: _file_header(major=9)),
    "version-minor": BadCase("R-FILE-03", "minor version 99 of major 0", UNSUPPORTED,
                             lambda: _file_header(minor=99)),
    "profile-unknown": BadCase("R-FILE-04", "profile 7", UNSUPPORTED,
                               lambda: _file_header(profile=7)),
    "level-unknown": BadCase("R-FILE-04", "level 9", UNSUPPORTED, lambda: _file_header(level=9)),
    "header-reserved": BadCase("R-FILE-05", "reserved field not 0", FORMAT,
                               lambda: _file_header(reserved=1)),
    # boxes
    "box-crc": BadCase("R-BOX-01", "one payload bit flipped", FORMAT,
                       lambda: _replace_at(_base(), 34, bytes([_base()[34] ^ 1]))),
    "box-flags": BadCase("R-BOX-02", "reserved flag of HEAD", FORMAT,
                         lambda: surgery.edit_box(_base(), tables.HEAD, flags=3)),
    "box-flags-unknown": BadCase(
        "R-BOX-02", "reserved flag of an unknown box", FORMAT,
        lambda: _boxes(lambda b: [b[0], RawBox(b"note", b"", flags=2), *b[1:]])),
    "box-not-critical": BadCase("R-BOX-03", "MODL without its critical flag", FORMAT,
                                lambda: surgery.edit_box(_base(), tables.MODL, flags=0)),
    "box-wrongly-critical": BadCase(
        "R-BOX-03", "META with a critical flag", FORMAT,
        lambda: _boxes(lambda b: [b[0], RawBox(b"META", b"{}", flags=1), *b[1:]])),
    "box-unknown-critical": BadCase(
        "R-BOX-04", "unknown critical box", UNSUPPORTED,
        lambda: _boxes(lambda b: [b[0], RawBox(b"NEED", b"", flags=1), *b[1:]])),
    "box-layer-in-head": BadCase("R-BOX-06", "HEAD with a layer", FORMAT,
                                 lambda: surgery.edit_box(_base(), tables.HEAD, layer=1)),
    "box-tile-in-ancillary": BadCase(
        "R-BOX-06", "an ancillary box with a tile", FORMAT,
        lambda: _boxes(lambda b: [b[0], RawBox(b"note", b"", tile=1), *b[1:]])),
    "order-swapped": BadCase("R-BOX-07", "INDX before MODL", FORMAT,
                             lambda: _boxes(lambda b: _swapped(b, 1, 2))),
    "order-missing": BadCase("R-BOX-07", "no MODL", FORMAT,
                             lambda: _boxes(lambda b: [b[0], *b[2:]])),
    "order-repeated": BadCase("R-BOX-07", "HEAD twice", FORMAT,
                              lambda: _boxes(lambda b: [b[0], *b])),
    "order-tier-missing": BadCase(
        "R-BOX-07", "END after two of three tiers", FORMAT,
        lambda: _boxes(lambda b: b[: surgery.index_of(b, tables.MODL, 2)], valid._nested())),
    "order-tier-extra": BadCase(
        "R-BOX-07", "a third tier that HEAD does not announce", FORMAT,
        lambda: surgery.edit_payload(valid._nested(), tables.HEAD, lambda p: p[:-1] + b"\x02")),
    "order-tier-without-index": BadCase(
        "R-BOX-07", "the second tier has no INDX", FORMAT,
        lambda: _boxes(lambda b: _without(b, surgery.index_of(b, tables.INDX, 1)),
                       valid._nested())),
    "order-between-tiles-of-a-tier": BadCase(
        "R-BOX-08", "an ancillary box between TILE boxes of the third tier", FORMAT,
        lambda: _boxes(lambda b: [*b[:-1], RawBox(b"note", b""), b[-1]], valid._nested())),
    "order-first": BadCase("R-BOX-08", "an ancillary box before HEAD", FORMAT,
                           lambda: _boxes(lambda b: [RawBox(b"note", b""), *b])),
    "order-between-tiles": BadCase(
        "R-BOX-08", "an ancillary box between TILE boxes", FORMAT,
        lambda: _boxes(lambda b: [*b[:4], RawBox(b"note", b""), *b[4:]])),
    "order-view-twice": BadCase(
        "R-BOX-09", "VIEW twice", FORMAT,
        lambda: _boxes(lambda b: [b[0], RawBox(b"VIEW", b"\0"), RawBox(b"VIEW", b"\0"), *b[1:]])),
    "trailing-bytes": BadCase("R-BOX-10", "bytes after END", FORMAT, lambda: _base() + b"\0"),
    "box-overrun": BadCase("R-BOX-11", "HEAD longer than the file", FORMAT,
                           lambda: _replace_at(_base(), 28, b"\xff\xff\xff\x7f")),
    # conventions
    "varint-long-form": BadCase("R-CON-06", "count 60 as two bytes", FORMAT, _head(b"\xbc\x00")),
    "varint-ten-bytes": BadCase("R-CON-05", "a varint of ten bytes", FORMAT, _head(_LONG_VARINT)),
    "text-not-utf8": BadCase("R-CON-03", "name of an extra column", FORMAT,
                             _extra_stream(lambda p: p[:2] + b"\xff" + p[3:])),
    "head-trailing": BadCase("R-CON-04", "a byte too many in HEAD", FORMAT,
                             lambda: _payload(tables.HEAD, lambda p: p + b"\0")),
    "modl-short": BadCase("R-CON-04", "MODL ends early", FORMAT,
                          lambda: _payload(tables.MODL, lambda p: p[:-1])),
    # HEAD
    "count-over-level": BadCase("R-HEAD-01", "more Gaussians than level 1 allows", UNSUPPORTED,
                                _head(b"\x81\x80\x08")),
    "count-over-limit": BadCase(
        "R-HEAD-07", "2^28 Gaussians announced at level 4", ("limit", "format"),
        lambda: surgery.edit_payload(_file_header(level=4), tables.HEAD,
                                     lambda p: b"\x80\x80\x80\x80\x01" + p[1:])),
    "sh-degree-4": BadCase("R-HEAD-02", "SH degree 4", FORMAT,
                           lambda: random_stream(23, (6,), 4, 1, False)),
    "scene-flags": BadCase("R-HEAD-03", "reserved scene flag", FORMAT,
                           _at(tables.HEAD, 2, b"\x04")),
    "frame-reserved": BadCase("R-HEAD-04", "frame 200", FORMAT, _at(tables.HEAD, 3, b"\xc8")),
    "colour-reserved": BadCase("R-HEAD-05", "colour space 200", FORMAT,
                               _at(tables.HEAD, 4, b"\xc8")),
    "unit-nan": BadCase("R-HEAD-06", "unit is NaN", FORMAT,
                        _at(tables.HEAD, 5, struct.pack("<d", float("nan")))),
    "unit-negative": BadCase("R-HEAD-06", "unit is negative", FORMAT,
                             _at(tables.HEAD, 5, struct.pack("<d", -1.0))),
    "tiers-none": BadCase("R-HEAD-08", "no tier", FORMAT, _at(tables.HEAD, 13, b"\0")),
    "tiers-none-whole": BadCase(
        "R-HEAD-08", "no Gaussian and no tier, and none there", FORMAT,
        lambda: _boxes(lambda b: [replace(b[0], payload=b[0].payload[:-1] + b"\0")],
                       valid._encode(scenes.scene(0, 0)))),
    "tiers-17": BadCase("R-HEAD-08", "17 tiers", FORMAT, _at(tables.HEAD, 13, b"\x11")),
    # MODL
    "centre-range": BadCase("R-MODL-01", "centre 2^31", FORMAT,
                            _flat_params(centre=(1 << 31, 0, 0))),
    "radius-shift": BadCase("R-MODL-02", "radius shift 33", FORMAT, _flat_params(radius_shift=33)),
    "opacity-levels-1": BadCase("R-MODL-03", "one opacity level", FORMAT,
                                _flat_params(opacity_levels=1)),
    "opacity-levels-4097": BadCase("R-MODL-03", "4097 opacity levels", FORMAT,
                                   _flat_params(opacity_levels=4097)),
    "step-zero": BadCase("R-MODL-04", "scale step 0", FORMAT, _params(scale_step=0)),
    "sh-step-zero": BadCase("R-MODL-04", "SH step 0", FORMAT, _params(sh_step=0)),
    "rotation-cap": BadCase("R-MODL-05", "rotation cap 128", FORMAT, _params(rotation_cap=128)),
    "sh-layer-empty": BadCase("R-MODL-06", "an SH layer of no rows", FORMAT,
                              _params(sh_layers=(0,))),
    "sh-layers-4": BadCase("R-MODL-06", "four SH layers", FORMAT,
                           lambda: random_stream(24, (6,), 3, 4, False)),
    "sh-rows": BadCase("R-MODL-06", "more SH rows than coefficients", FORMAT,
                       _params(sh_layers=(10,))),
    "alphabet-zero": BadCase("R-FLD-01", "half alphabet 0", FORMAT, _half(0)),
    "alphabet-128": BadCase("R-FLD-01", "half alphabet 128", FORMAT, _half(128)),
    "escape-bits": BadCase("R-FLD-02", "32 escape bits", FORMAT, _field(escape_bits=32)),
    "threshold-range": BadCase("R-FLD-03", "threshold 64", FORMAT,
                               _field(thresholds=(0,) * 6 + (64,))),
    "threshold-order": BadCase("R-FLD-04", "thresholds descend", FORMAT,
                               _field(thresholds=(5, 4, 5, 5, 5, 5, 5))),
    "prior-scale": BadCase("R-FLD-05", "prior scale 64", FORMAT, _field(scales=(64,) * 8)),
    "value-range": BadCase("R-FLD-06", "a value of 2^38 fine units", FORMAT, _far_value),
    "sh-length": BadCase("R-SHL-01", "a Gaussian with more SH rows than the layer", FORMAT,
                         _long_sh),
    # MODL, lossless
    "lossless-flags": BadCase("R-LL-02", "flags 8", FORMAT, _lossless_modl(0, b"\x08")),
    "lossless-exponent": BadCase("R-LL-03", "a fixed-point exponent of 127", FORMAT,
                                 _lossless_modl(4, b"\x7f")),
    "lossless-flag": BadCase("R-LL-04", "a column flag of 2", FORMAT,
                             _lossless_modl(54, b"\x02", _lossless_even)),
    "lossless-mean": BadCase("R-LL-05", "a mean of 2^30", FORMAT, _lossless_column(mean=1 << 30)),
    "lossless-source": BadCase("R-LL-06", "a column that predicts itself", FORMAT,
                               _lossless_column(sources=(0,), weights=(1,))),
    "lossless-limit": BadCase("R-LL-07", "a fixed-point value above the limit", FORMAT,
                              _wide_fixed_point),
    "lossless-exponent-field": BadCase("R-LL-08", "an exponent below 0", FORMAT, _low_exponent),
    "lossless-derived": BadCase("R-LL-09", "derived component 4", FORMAT,
                                _lossless_modl(1, b"\x04", valid.CASES["lossless-unit-order"][1])),
    "lossless-dictionary": BadCase("R-LL-10", "a dictionary of 2^32 + 1 values", FORMAT,
                                   _lossless_dictionary((1 << 32) + 1, 1, (1 << 32) + 1)),
    "lossless-dictionary-run": BadCase("R-LL-10", "a run of 3 values of 2", FORMAT,
                                       _lossless_dictionary(2, 1, 3)),
    "lossless-dictionary-empty-run": BadCase("R-LL-10", "a run of no values", FORMAT,
                                             _lossless_dictionary(1, 1, 0)),
    "lossless-dictionary-step": BadCase("R-LL-10", "a value twice", FORMAT,
                                        _lossless_dictionary(2, 5, 1, 0, 1)),
    "lossless-dictionary-end": BadCase("R-LL-10", "a value of 2^32", FORMAT,
                                       _lossless_dictionary(2, 1 << 32, 1, 1, 1)),
    "lossless-position-rank": BadCase("R-LL-11", "a position beyond its dictionary", FORMAT,
                                      _lossless_short(None)),
    "lossless-rank": BadCase("R-LL-12", "a value beyond its dictionary", FORMAT,
                             _lossless_short("dc")),
    "lossless-repeat": BadCase("R-LL-13", "the fourth of three rows", FORMAT, _lossless_repeat),
    "lossless-component": BadCase("R-LL-14", "a component below 0", FORMAT, _lossless_component),
    "shrink-first": BadCase("R-MODL-08", "a first tier that shrinks earlier ones", FORMAT,
                            _params(shrink=1)),
    # INDX
    "tiles-over-level": BadCase(
        "R-INDX-01", "65 tiles at level 1", UNSUPPORTED,
        lambda: _payload(tables.INDX, lambda p: b"\x41" + p[1:])),
    "index-layers": BadCase("R-INDX-02", "one layer too many", FORMAT,
                            lambda: _payload(tables.INDX, lambda p: p[:1] + b"\x07" + p[2:])),
    "index-layers-of-none": BadCase(
        "R-INDX-02", "layers of no tiles", FORMAT,
        lambda: surgery.edit_payload(valid._encode(scenes.scene(0, 0)), tables.INDX,
                                     lambda p: p[:1] + b"\x01")),
    "index-layers-of-none-all": BadCase(
        "R-INDX-02", "the model's layers of no tiles", FORMAT,
        lambda: surgery.edit_payload(valid._encode(scenes.scene(0, 0)), tables.INDX,
                                     lambda p: p[:1] + b"\x02")),
    "cut-long": BadCase(
        "R-CUT-03", "cut inside the header of a TILE box whose announced size is 2^32", FORMAT,
        _cut_long),
    "tile-empty": BadCase("R-INDX-03", "a tile of no Gaussians", FORMAT, _empty_tile),
    "tile-sum": BadCase("R-INDX-04", "the tile holds one Gaussian less than HEAD says", FORMAT,
                        _head(b"\x3d")),
    "tile-sum-over": BadCase(
        "R-INDX-04", "the first two of three tiers hold more Gaussians than HEAD says", FORMAT,
        lambda: surgery.edit_payload(valid._nested(), tables.HEAD, lambda p: b"\x6d" + p[2:])),
    "tiles-over-level-in-sum": BadCase(
        "R-INDX-01", "40 tiles in each of two tiers at level 1", UNSUPPORTED, _many_tiles_in_tiers),
    "tier-empty": BadCase("R-INDX-07", "a second tier without tiles", FORMAT, _empty_tier),
    "tree-depth": BadCase("R-INDX-05", "22 tree bits", FORMAT,
                          _placed((22, 3, 3), (0, 0, 0))),
    "tile-origin": BadCase("R-INDX-06", "origin 2^31", FORMAT,
                           _placed((3, 3, 3), (1 << 31, 0, 0))),
    # TILE
    "tile-order": BadCase(
        "R-TILE-01", "two tiles of a layer exchanged", FORMAT,
        lambda: _boxes(lambda b: _swapped(b, 3, 4), _tiled())),
    "tile-label": BadCase("R-TILE-01", "a TILE box of tile 0 labelled tile 1", FORMAT,
                          lambda: surgery.edit_box(_base(), tables.TILE, tile=1)),
    "tile-missing": BadCase("R-TILE-02", "the last TILE box is missing", FORMAT,
                            lambda: _boxes(lambda b: b[:-1])),
    "tile-too-many": BadCase("R-TILE-02", "a TILE box more than INDX lists", FORMAT,
                             lambda: _boxes(lambda b: [*b, b[-1]])),
    "tile-length": BadCase("R-TILE-03", "a TILE box longer than INDX says", FORMAT,
                           lambda: _payload(tables.TILE, lambda p: p + b"\0")),
    "tile-short": BadCase("R-TILE-03", "a TILE box shorter than INDX says", FORMAT,
                          _longer_entry),
    "words-left": BadCase("R-TILE-04", "a code word too many", FORMAT,
                          _words(lambda w: np.concatenate([[7], w]))),
    "state-left": BadCase("R-TILE-04", "the state does not end at 0", FORMAT,
                          _words(lambda w: np.concatenate([[w[0] ^ 1], w[1:]]))),
    "raw-left": BadCase("R-TILE-04", "a raw byte too many", FORMAT, _tail(lambda p: p + b"\0")),
    "last-word-zero": BadCase("R-TILE-05", "the last code word is 0", FORMAT,
                              _words(lambda w: np.concatenate([w, [0]]))),
    "padding": BadCase("R-TILE-06", "a padding bit is set", FORMAT, _padding),
    "raw-short": BadCase("R-ENT-03", "raw bits end early", FORMAT, _tail(lambda p: p[:-1])),
    "words-short": BadCase("R-CON-04", "more words announced than bytes left", FORMAT,
                           _tail(lambda p: b"\x7f" + p[1:])),
    # END, EXTR, reconstruction, cuts
    "end-total": BadCase("R-END-01", "total length", FORMAT,
                         lambda: surgery.join(*surgery.take_apart(_base()), total_error=1)),
    "end-crc": BadCase("R-END-02", "CRC of CRCs", FORMAT,
                       lambda: surgery.join(*surgery.take_apart(_base()), crc_error=1)),
    "extra-type": BadCase("R-EXTR-01", "type code 8", UNSUPPORTED,
                          _extra_stream(lambda p: p[:3] + b"\x08" + p[4:])),
    "extra-length": BadCase("R-EXTR-02", "a column of the wrong length", FORMAT,
                            _extra_stream(lambda p: p[:3] + b"\x02" + p[4:])),
    "extra-trailing": BadCase("R-EXTR-02", "a byte after the frame", FORMAT,
                              _extra_stream(_loose_frame)),
    "extra-claim": BadCase("R-EXTR-02", "a frame that announces 2^62 bytes", FORMAT,
                           _extra_stream(_claiming_frame)),
    "extra-twice": BadCase("R-EXTR-03", "two columns of one name", FORMAT,
                           _extra_stream(lambda p: _columns(2, "a"))),
    "extra-many": BadCase("R-EXTR-03", "256 columns", FORMAT,
                          _extra_stream(lambda p: _columns(256))),
    "extra-over-limit": BadCase(
        "R-HEAD-07", "40 columns of 100,000 doubles in 2 kB", ("limit", "format"),
        lambda: _many(100_000, 1, _columns(40, n=100_000, kind=7))),
    "memory-over-limit": BadCase(
        "R-HEAD-07", "a million Gaussians in 600 bytes", ("limit", "format"),
        lambda: _many(1_000_000, 2)),
    "head-two-faults": BadCase("R-DEC-04", "more Gaussians than the level, and a byte too many",
                               FORMAT, _payload_later(lambda p: b"\x81\x80\x08" + p[1:] + b"\0")),
    "index-two-faults": BadCase(
        "R-DEC-04", "65 tiles at level 1, and a byte too many", UNSUPPORTED,
        lambda: _payload(tables.INDX, lambda p: b"\x41" + p[1:] + b"\0")),
    "index-cut-short": BadCase(
        "R-DEC-04", "65 tiles at level 1, and an index that ends there", FORMAT,
        lambda: _payload(tables.INDX, lambda p: b"\x41")),
    "extra-two-faults": BadCase(
        "R-DEC-04", "a first column that is no frame, a second one of unknown type", FORMAT,
        _extra_stream(lambda p: b"\x02\x01a\x01\x04none\x01b\x63\x00")),
    "mean-overflow": BadCase("R-REC-01", "a position beyond binary32", FORMAT,
                             _params(grid_exponent=-128)),
    "cut-before-base": BadCase("R-CUT-02", "cut before the first TILE box", FORMAT,
                               lambda: _cut_at_layer_0(0)),
    "cut-in-base": BadCase("R-CUT-02", "cut inside the base layer", FORMAT,
                           lambda: _cut_at_layer_0(40)),
    "cut-damaged": BadCase(
        "R-CUT-03", "cut after the base layer, then a header that INDX does not announce", FORMAT,
        lambda: valid._cut(_base(), 0) + b"TILE\x01\x02"),
    "cut-damaged-end": BadCase("R-CUT-03", "cut in a META box marked critical", FORMAT,
                               lambda: valid._cut(valid._layered(), 3) + b"META\x01"),
    "cut-damaged-modl": BadCase(
        "R-CUT-03", "cut after the first of three tiers, where another index begins", FORMAT,
        lambda: valid._cut_in_tier(valid._nested(), 0, 2) + b"INDX\x01"),
    "cut-damaged-index": BadCase(
        "R-CUT-03", "cut after the MODL of the second tier, where a TILE box begins", FORMAT,
        lambda: valid._cut_in_tier(valid._nested(), 1, 0) + b"TILE\x01\0\0\0"),
    "cut-damaged-tiers": BadCase(
        "R-CUT-03", "cut after the second of three tiers, where END begins", FORMAT,
        lambda: valid._cut_in_tier(valid._nested(), 1, 3) + b"END \x01\0\0\0"),
    "cut-empty": BadCase("R-CUT-02", "no Gaussian, and END is missing", FORMAT,
                         lambda: encode(scenes.scene(0, 0, 0), EncoderOptions())[:-28]),
}
