"""Cases of REST and MLRA, in restorer/: a decoder that ignores the boxes gives the plain scene.

Those that read them must give the fields and integers of case.json, or its error class.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np

from codec.core import mlra
from codec.core.mlra import MapGroup, write_maps
from codec.decoder.restorer import SignalledRestorer
from codec.wire import restorer as wire
from codec.wire.restorer import ModelId, RestorerParams, write_restorer
from conformance import surgery
from conformance.judge import HERE
from conformance.surgery import RawBox

FOLDER = "restorer"
_SHA = bytes(range(32))


@dataclass(frozen=True, slots=True)
class RestorerCase:
    """requirement: the one a bad case breaks, "" for a good one.   error: class, "" when good."""

    what: str
    make: Callable[[], bytes]
    requirement: str = ""
    error: str = ""

    @property
    def exercises(self) -> str:
        return f"{self.what} ({self.requirement})" if self.requirement else self.what


SMALL = RestorerParams(
    backbone=ModelId(1, "", "1", _SHA), prediction=3, level=3320351, network_time=12736,
    noise_mode=2, noise_scope=1, noise_seed=42, mask=2, condition=90, strength=200, pad=16,
)
NIFI = RestorerParams(
    kind=2, backbone=ModelId(3, "", "main", _SHA), autoencoder=ModelId(6, "", "main", _SHA),
    adapters=ModelId(255, "größer/nifi-lora", "", _SHA[::-1]), latent_scale=25679627,
    latent_shift=-1021745, level=3320487, end_level=50230, network_time=12736, noise_mode=2,
    noise_seed=(1 << 64) - 1, prompt=255, prompt_sha256=_SHA, guidance=1920, tile=64, overlap=16,
    untiled=12, pad=16, colour_fix=2, dtype=2, background=(255, 0, 7),
)
GFIX = RestorerParams(
    kind=4, backbone=ModelId(2, "", "", _SHA), autoencoder=ModelId(5, "", "", _SHA),
    latent_scale=3055972, schedule=1, prediction=1, level=6086315, network_time=12736,
    noise_mode=1, prompt=3, prompt_sha256=_SHA, mask=1, mask_grid=8, pad=64, dtype=1,
)


def _sparse(rng, shape, share: float, size: float) -> np.ndarray:
    values = np.rint(rng.laplace(0, size, shape))
    return (values * (rng.random(shape) < share)).astype(np.int32)


def example_maps() -> list[MapGroup]:
    """Groups of both modes, with layers left out, escapes, clipped ranks and large values."""
    rng = np.random.default_rng(5)
    prompt = tuple(_sparse(rng, 96, 0.1, 2) for _ in range(8))
    ranks = (16, 16, 0, 4, 16, 3)
    full = tuple(_sparse(rng, (r, r), 0.08, 1) for r in ranks)
    full[0][3, 3] = 30000
    diagonal = tuple(_sparse(rng, 32, 0.5, 90) for _ in range(3))
    return [MapGroup(0, False, 36, prompt, 1), MapGroup(1, True, 24, full, 0xFFFFFFFF),
            MapGroup(4, False, 255, diagonal, 3)]


def _plain() -> bytes:
    from conformance import valid

    return valid._layered()


def with_boxes(rest: bytes | None, maps: bytes | None = None, data: bytes | None = None) -> bytes:
    """A stream with these payloads after HEAD."""
    header, boxes = surgery.take_apart(data or _plain())
    new = [RawBox(b"REST", rest)] if rest is not None else []
    new += [RawBox(b"MLRA", maps)] if maps is not None else []
    return surgery.join(header, [boxes[0], *new, *boxes[1:]])


def _rest(base: RestorerParams = SMALL, **changes) -> Callable[[], bytes]:
    """REST with fields changed, legal or not."""
    def make() -> bytes:
        with patch.object(wire, "_first_fault", lambda p: ""):
            return with_boxes(write_restorer(RestorerParams(**(_fields(base) | changes))))

    return make


def _fields(params: RestorerParams) -> dict:
    return {name: getattr(params, name) for name in params.__slots__}


def _maps(change: Callable[[list[MapGroup]], list[MapGroup]]) -> Callable[[], bytes]:
    """MLRA of other groups, legal or not."""
    def make() -> bytes:
        with patch.object(mlra, "_first_fault", lambda headers: ""):
            return with_boxes(write_restorer(SMALL), write_maps(change(example_maps())))

    return make


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[], bytes]:
    """The valid MLRA payload changed."""
    return lambda: with_boxes(write_restorer(SMALL), change(write_maps(example_maps()[2:])))


def _at(offset: int, value: int) -> Callable[[bytes], bytes]:
    return lambda p: p[:offset] + bytes([value]) + p[offset + 1 :]


# Offsets in the payload of the one diagonal group: n_groups 0, list 1, mode 2, step 3, n_runs 4,
# count 5, rank 6, half 7, escape 8, zero 9, decay 11, factor_crc 12, n_words 16.
_ZERO_MAPS = struct.pack("<BBBBBBBBBHBIB", 1, 4, 0, 24, 1, 3, 1, 1, 0, 60000, 0, 3, 1)


def _only_zeros(payload: bytes) -> bytes:
    """A group of three zeros, which no encoder of ours writes."""
    from codec.core.entropy import SymbolEncoder
    from codec.core.model import AdaptiveTables

    coder = SymbolEncoder()
    tables = AdaptiveTables(mlra.geometric_prior(60000, 0, 1)[None])
    for _ in range(3):
        tables.code(coder, np.zeros(1, np.uint8), np.array([2]))
    return _ZERO_MAPS[:-1] + coder.finish()


def _good(what: str, make: Callable[[], bytes]) -> RestorerCase:
    return RestorerCase(what, make)


def _bad(requirement: str, what: str, make, error: str = "format") -> RestorerCase:
    return RestorerCase(what, make, requirement, error)


def _model(**given) -> ModelId:
    return ModelId(**({"id": 1, "revision": "1", "sha256": _SHA} | given))


CASES: dict[str, RestorerCase] = {
    "small": _good("the small restorer, noise of its own per view", _rest()),
    "small-unmasked": _good("the small restorer, told of no holes", _rest(mask=0)),
    "nifi": _good("rectified flow, tiles, adapters by name", _rest(NIFI)),
    "gfix": _good("variance preserving, mask grid, no noise", _rest(GFIX)),
    "maps": _good("maps of three groups", lambda: with_boxes(
        write_restorer(GFIX), write_maps(example_maps()))),
    "record-unknown": _bad("R-REST-02", "a record of version 2",
                           lambda: with_boxes(b"\x02anything"), "unsupported"),
    "kind-reserved": _bad("R-REST-03", "kind 6", _rest(kind=6)),
    "model-reserved": _bad("R-REST-04", "model 7", _rest(backbone=_model(id=7))),
    "backbone-none": _bad("R-REST-04", "no backbone", _rest(backbone=ModelId())),
    "model-nameless": _bad("R-REST-05", "an empty name", _rest(adapters=_model(id=255))),
    "revision-long": _bad("R-REST-05", "a revision of 256 bytes",
                          _rest(backbone=_model(revision="r" * 256))),
    "scale-zero": _bad("R-REST-06", "latent scale 0", _rest(GFIX, latent_scale=0)),
    "shift-large": _bad("R-REST-06", "latent shift 2^28", _rest(GFIX, latent_shift=1 << 28)),
    "scale-of-pixels": _bad("R-REST-06", "a scale without autoencoder", _rest(latent_scale=1)),
    "schedule-reserved": _bad("R-REST-07", "schedule 2", _rest(schedule=2)),
    "prediction-wrong": _bad("R-REST-07", "velocity, variance preserving",
                             _rest(GFIX, prediction=0)),
    "level-zero": _bad("R-REST-08", "level 0", _rest(level=0)),
    "level-high": _bad("R-REST-08", "a level above 1", _rest(level=wire.ONE + 1)),
    "level-end": _bad("R-REST-08", "an end level at the level", _rest(end_level=SMALL.level)),
    "level-one": _bad("R-REST-08", "level 1, variance preserving", _rest(GFIX, level=wire.ONE)),
    "noise-mode": _bad("R-REST-09", "noise mode 3", _rest(noise_mode=3)),
    "noise-scope": _bad("R-REST-09", "noise scope 2", _rest(noise_scope=2)),
    "prompt-reserved": _bad("R-REST-10", "prompt 9", _rest(GFIX, prompt=9)),
    "guidance-low": _bad("R-REST-10", "guidance below 1", _rest(GFIX, guidance=255)),
    "guidance-alone": _bad("R-REST-10", "guidance without a prompt", _rest(guidance=257)),
    "mask-reserved": _bad("R-REST-11", "mask 3", _rest(mask=3)),
    "mask-grid": _bad("R-REST-11", "a grid of 33", _rest(GFIX, mask_grid=33)),
    "strength-zero": _bad("R-REST-12", "strength 0", _rest(strength=0)),
    "pad-zero": _bad("R-REST-13", "padding to 0", _rest(pad=0)),
    "pad-mode": _bad("R-REST-13", "pad mode 2", _rest(pad_mode=2)),
    "tile-overlap": _bad("R-REST-14", "tiles that overlap by more than half",
                         _rest(NIFI, overlap=33)),
    "tile-pad": _bad("R-REST-14", "tiles that are no multiple of the padding",
                     _rest(NIFI, tile=65)),
    "tile-window": _bad("R-REST-14", "window 1", _rest(NIFI, window=1)),
    "colour-fix": _bad("R-REST-15", "colour fix 3", _rest(colour_fix=3)),
    "rest-short": _bad("R-CON-04", "REST ends early",
                       lambda: with_boxes(write_restorer(SMALL)[:-1])),
    "rest-trailing": _bad("R-CON-04", "a byte too many in REST",
                          lambda: with_boxes(write_restorer(SMALL) + b"\0")),
    "maps-alone": _bad("R-MLRA-01", "MLRA without REST",
                       lambda: with_boxes(None, write_maps(example_maps()))),
    "groups-none": _bad("R-MLRA-02", "no group", _bytes(lambda p: b"\0\0")),
    "groups-order": _bad("R-MLRA-02", "lists descend", _maps(lambda g: [g[1], g[0]])),
    "list-reserved": _bad("R-MLRA-02", "list 5", _bytes(_at(1, 5))),
    "mode-reserved": _bad("R-MLRA-03", "mode 2", _bytes(_at(2, 2))),
    "prompt-square": _bad("R-MLRA-03", "square maps of prompt rows", _maps(
        lambda g: [MapGroup(0, True, 24, (np.eye(4, dtype=np.int32),))])),
    "runs-none": _bad("R-MLRA-04", "no run of layers", _bytes(_at(4, 0))),
    "run-empty": _bad("R-MLRA-04", "a run of no layers", _bytes(_at(5, 0))),
    "run-split": _bad("R-MLRA-04", "neighbouring runs of one rank", _bytes(
        lambda p: p[:4] + b"\x02\x01\x20\x02\x20" + p[7:])),
    "symbols-many": _bad("R-MLRA-04", "more than 2^24 symbols", _bytes(
        lambda p: p[:1] + b"\x01\x01\x00\x01\x7f\x80\x20\x01\x00" + bytes(6) + p[9:])),
    "rank-high": _bad("R-MLRA-04", "rank 4097", _bytes(lambda p: p[:6] + b"\x81\x20" + p[7:])),
    "half-zero": _bad("R-MLRA-05", "half alphabet 0", _bytes(_at(7, 0))),
    "escape-wide": _bad("R-MLRA-05", "16 escape bits", _bytes(_at(8, 16))),
    "maps-zero": _bad("R-MLRA-06", "a group of zeros", _bytes(_only_zeros)),
    "maps-short": _bad("R-ENT-03", "raw bits of escapes end early", _bytes(lambda p: p[:-1])),
    "maps-left": _bad("R-TILE-04", "a raw byte left over", _bytes(lambda p: p + b"\0")),
}


def facts_of(found: SignalledRestorer) -> dict:
    """What case.json holds of a good case: fields of REST, and of each group its hash."""
    fields = asdict(found.params)
    for name in ("backbone", "autoencoder", "adapters"):
        fields[name]["sha256"] = fields[name]["sha256"].hex()
    fields["prompt_sha256"] = fields["prompt_sha256"].hex()
    fields["background"] = list(fields["background"])
    return {"rest": fields, "maps": [
        maps_facts(g.layers, int(g.full), g.step, g.ranks, g.factor_crc, g.maps)
        for g in found.maps]}


def maps_facts(layers: int, mode: int, step: int, ranks, crc: int, maps) -> dict:
    """One group: header, and SHA-256 of its integers as little-endian i32."""
    flat = np.concatenate([np.asarray(q, "<i4").reshape(-1) for q in maps])
    return {"list": layers, "mode": mode, "step": step, "ranks": list(ranks), "factor_crc": crc,
            "sha256": hashlib.sha256(flat.tobytes()).hexdigest()}


def generate(root: Path = HERE) -> int:
    """Write the cases that root/restorer lacks; returns how many."""
    import codec
    from codec.decoder.restorer import read_signalled
    from conformance.judge import scene_hash

    missing = {k: v for k, v in CASES.items() if not (root / FOLDER / k).exists()}
    for name, case in missing.items():
        data, folder = case.make(), root / FOLDER / name
        folder.mkdir(parents=True)
        expect = {"error": case.error} if case.error else facts_of(read_signalled(data))
        expect["sha256"] = scene_hash(codec.decode(data))
        (folder / "in.nfx").write_bytes(data)
        text = json.dumps({"exercises": case.exercises, "expect": expect}, indent=1,
                          ensure_ascii=False)
        (folder / "case.json").write_text(text + "\n", "utf-8")
    return len(missing)


def load(root: Path = HERE) -> dict[str, tuple[bytes, dict]]:
    """(stream, expectation) by name of what is in the tree."""
    return {path.parent.name: ((path.parent / "in.nfx").read_bytes(),
                               json.loads(path.read_text("utf-8"))["expect"])
            for path in sorted((root / FOLDER).glob("*/case.json"))}
