"""The REST box: which restorer a stream asks for, and with what settings (spec 3.12, 4.11).

Integers and fixed point only. Method and field list: NiFi (Eq. 2), ExGS and GFix, made
exact in part 5.11 of the specification. Light: no network, no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from codec.errors import BadValue, UnsupportedError, UsageError
from codec.wire.reader import Reader
from codec.wire.writer import Writer

RECORD = 1
FIXED_BITS = 24
ONE = 1 << FIXED_BITS
TIME_BITS = 6
NO_GUIDANCE = 256

KINDS = {1: "small", 2: "nifi", 3: "gausspainter", 4: "gfix", 5: "img2img"}
MODELS = {
    0: "none", 1: "nfx-small", 2: "stabilityai/sd-turbo",
    3: "stabilityai/stable-diffusion-3-medium-diffusers", 4: "madebyollin/taesd",
    5: "stabilityai/sd-turbo:vae", 6: "stabilityai/stable-diffusion-3-medium-diffusers:vae",
    255: "by name",
}
SCHEDULES = {0: "rectified flow", 1: "variance preserving"}
PREDICTIONS = {0: "velocity", 1: "epsilon", 2: "v", 3: "x0"}
NOISE_MODES = {0: "raw", 1: "scaled mean", 2: "full noise"}
NOISE_SCOPES = {0: "shared", 1: "per view"}
PROMPTS = {0: "none", 1: "null", 2: "remove degradation", 3: "remove degradations",
           255: "by hash"}
MASKS = {0: "off", 1: "pooled grid", 2: "spatial"}
PAD_MODES = {0: "reflect", 1: "edge"}
WINDOWS = {0: "raised cosine"}
COLOUR_FIXES = {0: "none", 1: "adain", 2: "wavelet"}
DTYPES = {0: "float32", 1: "float16", 2: "bfloat16"}
RENDERERS = {0: "defaults of 7.1"}
BY_NAME = 255
TEXT_LIMIT = 255


@dataclass(frozen=True, slots=True)
class ModelId:
    """Weights a restorer needs.

    id: code of MODELS.   name: for BY_NAME only.   revision: of the repository, "" = any.
    sha256: 32 bytes over the tensors (spec 4.11), what a decoder checks.
    """

    id: int = 0
    name: str = ""
    revision: str = ""
    sha256: bytes = b""

    @property
    def title(self) -> str:
        return self.name if self.id == BY_NAME else MODELS.get(self.id, str(self.id))


@dataclass(frozen=True, slots=True)
class RestorerParams:
    """One REST box, field by field; units as in the specification.

    level, end_level: noise level s in 2^-24 (b / (a + b) for variance preserving schedules).
    network_time: 1/64 of the network's own time.   latent_scale, latent_shift: 2^-24.
    guidance: 1/256.   condition: by kind (small: PSNR of the render, 1/4 dB).   strength: 1/255.
    tile, overlap: 8 pixels; untiled: 64 pixels.
    Raises UsageError for values the specification forbids.
    """

    kind: int = 1
    kind_version: int = 1
    backbone: ModelId = ModelId()
    autoencoder: ModelId = ModelId()
    adapters: ModelId = ModelId()
    latent_scale: int = ONE
    latent_shift: int = 0
    schedule: int = 0
    prediction: int = 0
    level: int = ONE
    end_level: int = 0
    network_time: int = 0
    noise_mode: int = 0
    noise_scope: int = 0
    noise_seed: int = 0
    prompt: int = 0
    prompt_sha256: bytes = b""
    guidance: int = NO_GUIDANCE
    mask: int = 0
    mask_grid: int = 0
    condition: int = 0
    strength: int = 255
    pad: int = 8
    pad_mode: int = 0
    tile: int = 0
    overlap: int = 0
    untiled: int = 0
    window: int = 0
    colour_fix: int = 0
    dtype: int = 0
    renderer: int = 0
    background: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        wrong = _first_fault(self)
        if wrong:
            raise UsageError(f"restorer: {wrong}")

    @property
    def kind_name(self) -> str:
        return KINDS[self.kind]

    @property
    def signal_and_noise(self) -> tuple[float, float]:
        """(a, b): weights of clean signal and unit noise at the level (spec 5.11.2)."""
        return signal_and_noise(self.schedule, self.level)

    def describe(self) -> dict:
        """Facts for reports and `--info`, fit for JSON."""
        models = {name: _describe_model(getattr(self, name))
                  for name in ("backbone", "autoencoder", "adapters") if getattr(self, name).id}
        noise: dict | str = NOISE_MODES[self.noise_mode]
        if self.noise_mode == 2:
            noise = {"mode": noise, "scope": NOISE_SCOPES[self.noise_scope],
                     "seed": self.noise_seed}
        return {
            "kind": self.kind_name, "kind_version": self.kind_version, **models,
            "schedule": SCHEDULES[self.schedule], "prediction": PREDICTIONS[self.prediction],
            "level": self.level / ONE, "end_level": self.end_level / ONE,
            "network_time": self.network_time / (1 << TIME_BITS), "noise": noise,
            "prompt": PROMPTS[self.prompt], "guidance": self.guidance / NO_GUIDANCE,
            "mask": MASKS[self.mask], "condition": self.condition,
            "strength": self.strength / 255, "tile_pixels": 8 * self.tile,
            "colour_fix": COLOUR_FIXES[self.colour_fix], "dtype": DTYPES[self.dtype],
        }


def _describe_model(model: ModelId) -> dict:
    return {"name": model.title, "revision": model.revision, "sha256": model.sha256.hex()}


def signal_and_noise(schedule: int, level: int) -> tuple[float, float]:
    """(a, b) of a level in 2^-24: (1 - s, s), for variance preserving over its length."""
    s = level / ONE
    if schedule == 0:
        return 1.0 - s, s
    length = sqrt((1.0 - s) * (1.0 - s) + s * s)
    return (1.0 - s) / length, s / length


def _first_fault(p: RestorerParams) -> str:
    """What is wrong with the values, by requirement of 4.11; "" when nothing is."""
    checks = (
        ("R-REST-03", p.kind in KINDS),
        ("R-REST-04", all(m.id in MODELS for m in (p.backbone, p.autoencoder, p.adapters))),
        ("R-REST-04", p.backbone.id != 0),
        ("R-REST-05", all(_text_ok(m) for m in (p.backbone, p.autoencoder, p.adapters))),
        ("R-REST-06", 0 < p.latent_scale < 1 << 32 and abs(p.latent_shift) < 1 << 28),
        ("R-REST-06", p.autoencoder.id != 0 or (p.latent_scale, p.latent_shift) == (ONE, 0)),
        ("R-REST-07", p.schedule in SCHEDULES and p.prediction in PREDICTIONS),
        ("R-REST-07", p.prediction != 0 or p.schedule == 0),
        ("R-REST-07", p.prediction != 2 or p.schedule == 1),
        ("R-REST-08", 0 < p.level <= ONE and p.end_level < p.level),
        ("R-REST-08", p.schedule == 0 or (p.level < ONE and p.end_level == 0)),
        ("R-REST-09", p.noise_mode in NOISE_MODES and p.noise_scope in NOISE_SCOPES),
        ("R-REST-10", p.prompt in PROMPTS and p.guidance >= NO_GUIDANCE),
        ("R-REST-10", p.prompt != 0 or p.guidance == NO_GUIDANCE),
        ("R-REST-11", p.mask in MASKS and (p.mask != 1 or 1 <= p.mask_grid <= 32)),
        ("R-REST-12", p.strength > 0),
        ("R-REST-13", 1 <= p.pad <= 128 and p.pad_mode in PAD_MODES),
        ("R-REST-14", p.tile == 0 or (2 * p.overlap <= p.tile and p.window in WINDOWS
                                      and p.untiled > 0
                                      and 8 * p.tile % max(p.pad, 1) == 0)),
        ("R-REST-15", p.colour_fix in COLOUR_FIXES and p.dtype in DTYPES
         and p.renderer in RENDERERS),
    )
    return next((f"a field breaks {name}" for name, ok in checks if not ok), "")


def _text_ok(model: ModelId) -> bool:
    name, revision = len(model.name.encode()), len(model.revision.encode())
    return (0 < name <= TEXT_LIMIT) == (model.id == BY_NAME) and revision <= TEXT_LIMIT


def write_restorer(p: RestorerParams) -> bytes:
    """The payload of a REST box."""
    out = Writer()
    for value in (RECORD, p.kind, p.kind_version):
        out.u8(value)
    for model in (p.backbone, p.autoencoder, p.adapters):
        _write_model(out, model)
    out.u32(p.latent_scale)
    out.i32(p.latent_shift)
    out.u8(p.schedule)
    out.u8(p.prediction)
    out.u32(p.level)
    out.u32(p.end_level)
    out.u16(p.network_time)
    out.u8(p.noise_mode)
    if p.noise_mode == 2:
        out.u8(p.noise_scope)
        out.u64(p.noise_seed)
    out.u8(p.prompt)
    if p.prompt:
        out.bytes(_digest(p.prompt_sha256))
    out.u16(p.guidance)
    out.u8(p.mask)
    if p.mask == 1:
        out.u8(p.mask_grid)
    for value in (p.condition, p.strength, p.pad, p.pad_mode, p.tile):
        out.u8(value)
    if p.tile:
        for value in (p.overlap, p.untiled, p.window):
            out.u8(value)
    for value in (p.colour_fix, p.dtype, p.renderer, *p.background):
        out.u8(value)
    return out.getvalue()


def _write_model(out: Writer, model: ModelId) -> None:
    out.u8(model.id)
    if model.id == BY_NAME:
        out.text(model.name)
    if model.id:
        out.text(model.revision)
        out.bytes(_digest(model.sha256))


def _digest(value: bytes) -> bytes:
    if len(value) != 32:
        raise UsageError("a restorer's weights need their SHA-256, 32 bytes")
    return value


def read_restorer(payload: bytes | memoryview) -> RestorerParams:
    """The settings in a REST box.

    Raises UnsupportedError for a record of another version (the scene is whole without it),
    BadValue or Truncated for a broken one.
    """
    r = Reader(payload, "box REST")
    record = r.u8()
    if record != RECORD:
        raise UnsupportedError(f"restorer record version {record} is unknown to this decoder",
                               code="restorer-record")
    given = {"kind": r.u8(), "kind_version": r.u8()}
    given |= {name: _read_model(r) for name in ("backbone", "autoencoder", "adapters")}
    given |= {"latent_scale": r.u32(), "latent_shift": r.i32(), "schedule": r.u8(),
              "prediction": r.u8(), "level": r.u32(), "end_level": r.u32(),
              "network_time": r.u16(), "noise_mode": r.u8()}
    if given["noise_mode"] == 2:
        given |= {"noise_scope": r.u8(), "noise_seed": r.u64()}
    given["prompt"] = r.u8()
    if given["prompt"]:
        given["prompt_sha256"] = bytes(r.bytes(32))
    given |= {"guidance": r.u16(), "mask": r.u8()}
    if given["mask"] == 1:
        given["mask_grid"] = r.u8()
    given |= {name: r.u8() for name in ("condition", "strength", "pad", "pad_mode", "tile")}
    if given["tile"]:
        given |= {name: r.u8() for name in ("overlap", "untiled", "window")}
    given |= {name: r.u8() for name in ("colour_fix", "dtype", "renderer")}
    given["background"] = (r.u8(), r.u8(), r.u8())
    r.end()
    try:
        return RestorerParams(**given)
    except UsageError as fault:
        raise BadValue(str(fault), where="box REST") from fault


def _read_model(r: Reader) -> ModelId:
    number = r.u8()
    name = r.text() if number == BY_NAME else ""
    if not number:
        return ModelId()
    return ModelId(number, name, r.text(), bytes(r.bytes(32)))
