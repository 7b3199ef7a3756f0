"""Every codec at several rates behind one interface: ours, the peers, and the papers' storages.

Codecs without a rate knob get one by decimation: a share of the Gaussians is kept by a
significance score over the training views (`tools.significance`), then the codec runs on what is
left. Both directions are command lines working on real files; what each is, is in `Codec.about`.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.io.cameras import write_cameras
from codec.io.ply import read_ply, write_ply
from codec.optimize.photos import read_photo
from codec.scene import Camera, Splats
from tools import significance
from tools.bench import our_command
from tools.peers import Peer, PeerError, fill, find_peers, public_command, run_timed, tool_version

ROOT = Path(__file__).resolve().parents[1]
KEEP = (0.12, 0.2, 0.3, 0.6, 1.0)
"""Shares of the Gaussians kept, for codecs without a rate knob."""
RATIOS = (10.0, 25.0, 50.0, 100.0, 200.0, 1000.0)
"""How many times smaller than the PLY our files are."""
SH0_KEEP = (0.25, 0.35, 0.5, 0.7, 1.0)
"""For codecs without SH: with fewer they fall below the qualities that the others reach."""
SOG_KEEP = (0.012, 0.02, 0.035, 0.06, 0.1)
"""splat-transform's SOG with SH takes minutes on a CPU from 16,000 Gaussians on."""
GRADIENT_VIEWS = 8

NOT_HERE = {
    "gsplat-png": "gsplat's PNG compression needs CUDA (PLAS sort) and torchpq (SH k-means)",
    "hac++, fcgs, mesongs, flexgaussian": "need CUDA; see the published points",
}


@dataclass(frozen=True, slots=True)
class Codec:
    """One codec and its ladder.

    knob: "keep" (share of the Gaussians), "quality" (splatenc -q) or "" (one rate only).
    score: which significance picks the kept ones.   sh_degree: drop SH above, before coding.
    encode may hold {value} and {cameras} besides {source} and {out}.
    """

    name: str
    about: str
    peer: Peer
    knob: str = "keep"
    values: tuple[float, ...] = KEEP
    score: str = "weight"
    sh_degree: int | None = None
    ours: bool = False

    @property
    def version(self) -> str:
        """Version of the tool; ours adds a hash of its sources."""
        if self.ours:
            return f"nfx {our_version()}"
        if self.peer.tool == "tools.storage":
            return f"tools.storage {source_hash('tools/storage.py')}"
        return tool_version(self.peer.tool, self.peer.encode[0])

    def ladder(self, n_gaussians: int, values: Sequence[float] | None = None) -> list[float]:
        """The knob's values for a scene; one None-like 0 for codecs without a knob."""
        if not self.knob:
            return [0.0]
        if values:
            return sorted(values)
        if self.score == "gradient":
            return list(significance.gode_shares(n_gaussians))
        return list(self.values)

    def label(self, value: float) -> str:
        """The rate as reports name it."""
        return f"{self.knob} {value:g}" if self.knob else "lossless"


@dataclass(frozen=True, slots=True)
class Coded:
    """One file made by a codec. decoded: the PLY it decodes to; seconds and MB of each command."""

    bytes: int
    n_gaussians: int
    encode_s: float
    decode_s: float
    encode_mb: float
    decode_mb: float
    command: str
    decoded: Path
    components: dict[str, int] = field(default_factory=dict)


def source_hash(*patterns: str) -> str:
    """8 hex digits over the repository's files that match."""
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:8]


def our_version() -> str:
    """The package's version and a hash of its sources: the version stands still while both move."""
    import codec

    return f"{codec.__version__}+{source_hash('codec/**/*.py', 'codec/**/*.bin', 'codec/**/*.npy')}"


# -- Codecs ------------------------------------------------------------------------------------


def _ours() -> list[Codec]:
    encode = our_command("splatenc", "NFX_SPLATENC")
    decode = (*our_command("splatdec", "NFX_SPLATDEC"), "{source}", "-o", "{out}", "--overwrite",
              "--quiet")
    tail = ("{source}", "-o", "{out}", "--overwrite", "--quiet")
    aim = ("--target-size", "{target}", "--cameras", "{cameras}")
    lossy = Peer("nfx", ".nfx", "nfx", (*encode, *tail, *aim), tuple(decode))
    exact = Peer("nfx-lossless", ".nfx", "nfx", (*encode, *tail, "--lossless", "--keep-order"),
                 tuple(decode))
    return [
        Codec("nfx", "this codec at its default effort, the training cameras given", lossy,
              "ratio", RATIOS, ours=True),
        Codec("nfx-lossless", "this codec, every bit and the order kept", exact, "", ours=True),
    ]


def _storage(name: str, storage: str, about: str, **more) -> Codec:
    def command(direction: str) -> tuple[str, ...]:
        return (sys.executable, "-m", "tools.storage", direction, storage, "{source}", "{out}")

    peer = Peer(name, f".{storage}", "tools.storage", command("encode"), command("decode"))
    return Codec(name, about, peer, **more)


def _storages() -> list[Codec]:
    return [
        _storage("ply", "ply", "raw float32 PLY"),
        _storage("ply-zip", "ply-zip", "raw float32 PLY in a ZIP (DEFLATE 9)"),
        _storage("exgs", "fp16-lzma", "ExGS: its pruning (UGC selection over blending weights; no "
                 "learned amplification), SH 0, float16 + LZMA", score="exgs", sh_degree=0,
                 values=SH0_KEEP),
        _storage("exgs-sh", "fp16-lzma", "the same, all SH degrees", score="exgs"),
        _storage("gode8", "u8-deflate", "GoDe/NiFi: gradient pruning at GoDe's levels (no "
                 "fine-tuning; blending weights where there are no photos), 8 bits (positions 16) "
                 "+ DEFLATE", score="gradient"),
        _storage("lightgaussian", "fp16-deflate", "LightGaussian: its pruning score (no "
                 "distillation, no VQ), float16 + DEFLATE", score="lightgaussian"),
        _storage("png8", "png8", "own stand-in for gsplat's PNG layout: Morton order, 8-bit PNGs, "
                 "no PLAS sort, no SH k-means"),
        _storage("control-swapped", "swapped", "broken on purpose: red and blue exchanged"),
    ]


_PEERS = {
    "spz4": "SPZ v4, default SH bits (splat-transform)",
    "spz4_sh8": "SPZ v4, 8-bit SH (gsply)",
    "gaussforge": "SPZ v4, default SH bits (GaussForge)",
    "cply": "compressed.ply (splat-transform)",
    "lgsc1": "L-GSC level 1",
    "lgsc2": "L-GSC level 2",
}


def _from_peers(peers: dict[str, Peer]) -> list[Codec]:
    found = [Codec(name, about, peers[name]) for name, about in _PEERS.items() if name in peers]
    if "spz4" in peers:
        found = [codec for codec in found if codec.name != "gaussforge"]
    if "sog" in peers:
        sog = peers["sog"]
        found += [
            Codec("sog", "SOG v2, -g cpu (splat-transform), few Gaussians only: its SH clustering "
                  "takes minutes beyond", sog, values=SOG_KEEP),
            Codec("sog-sh0", "SOG v2, -g cpu (splat-transform), SH 0", replace(sog, name="sog-sh0"),
                  values=SH0_KEEP, sh_degree=0),
        ]
    return found


def find_codecs() -> tuple[dict[str, Codec], dict[str, str]]:
    """(Codecs that can run here, by name; what is left out, and why)."""
    peers, missing = find_peers()
    left_out = dict(NOT_HERE) | {tool: "not installed" for tool in missing}
    codecs = [*_ours(), *_from_peers(peers), *_storages()]
    return {codec.name: codec for codec in codecs}, left_out


# -- One scene ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Material:
    """What encoders get of a scene: the clean PLY and the training views, in a work folder.

    photos: training photos by camera name at the cameras' size, for gradient scores.
    """

    scene: Path
    train: list[Camera]
    folder: Path
    photos: dict[str, Path] = field(default_factory=dict)

    @cached_property
    def splats(self) -> Splats:
        return read_ply(self.scene)

    @cached_property
    def source(self) -> Path:
        """The scene with graphdeco's properties alone (some peers misread others)."""
        path = self.folder / "source.ply"
        if not path.exists():
            write_ply(path, self.splats, extra=False, overwrite=True)
        return path

    @cached_property
    def cameras(self) -> Path:
        """The training views as a camera file."""
        path = self.folder / "train.cameras.json"
        write_cameras(path, self.train, overwrite=True)
        return path

    def scores(self, kind: str) -> NDArray[np.float64]:
        """[N] significance, kept beside the scene's other files."""
        path = self.folder / f"scores-{kind}-{source_hash('tools/significance.py')}.npy"
        if not path.exists():
            temporary = path.with_name(f"{path.stem}-{id(self)}.npy")
            np.save(temporary, self._scores(kind))
            temporary.replace(path)
        return np.load(path)

    def _scores(self, kind: str) -> NDArray[np.float64]:
        if kind == "weight":
            return significance.blending_weights(self.splats, self.train)
        if kind == "lightgaussian":
            return significance.lightgaussian_scores(self.splats, self.scores("weight"))
        if kind == "gradient" and self.photos:
            return self._gradient_scores()
        return self.scores("weight")

    def _gradient_scores(self) -> NDArray[np.float64]:
        stride = max(1, len(self.train) // GRADIENT_VIEWS)
        cameras = [significance.small(c) for c in self.train[::stride] if c.name in self.photos]
        photos = [read_photo(self.photos[c.name], (c.width, c.height)).astype(np.float32) / 255
                  for c in cameras]
        return significance.gradient_scores(self.splats, cameras, photos)

    def pruned(self, codec: Codec, keep: float) -> Splats:
        """The share of the scene this codec's own pruning keeps."""
        splats, n = self.splats, self.splats.n_gaussians
        count = max(1, round(keep * n))
        if codec.score == "exgs":
            rows = significance.exgs_select(splats.means, self.scores("weight"), count)
        else:
            rows = significance.keep_best(self.scores(codec.score), count)
        kept = splats.take(rows) if count < n else splats
        return kept if codec.sh_degree is None else kept.with_sh_degree(codec.sh_degree)


def code(codec: Codec, value: float, material: Material, folder: Path,
         timeout: float = 600) -> Coded:
    """Encode and decode the scene at one rate, files in `folder`. Raises PeerError."""
    source = material.source
    if codec.knob == "keep" and (value < 1 or codec.sh_degree is not None):
        source = folder / "pruned.ply"
        write_ply(source, material.pruned(codec, value), extra=False, overwrite=True)
    coded, decoded = folder / f"coded{codec.peer.suffix}", folder / "decoded.ply"
    words = {"{value}": f"{value:g}", "{cameras}": str(material.cameras) if codec.ours else "",
             "{target}": str(int(material.source.stat().st_size / max(value, 1.0)))}
    encode = tuple(words.get(part, part) for part in codec.peer.encode)
    done = [run_step(codec.name, fill(encode, source, coded), coded, timeout),
            run_step(codec.name, fill(codec.peer.decode, coded, decoded), decoded, timeout)]
    components = our_components(coded) if codec.ours else {}
    n = read_ply(decoded).n_gaussians
    shown = public_command(codec.peer.encode)
    for word in ("{value}", "{target}"):
        shown = shown.replace(word, words[word])
    return Coded(coded.stat().st_size, n, done[0].seconds, done[1].seconds, done[0].peak_mb,
                 done[1].peak_mb, shown, decoded, components)


def run_step(name: str, command: list[str], out: Path, timeout: float):
    """One command that must leave `out` behind. Raises PeerError with the reason."""
    out.unlink(missing_ok=True)
    done = run_timed(command, timeout, cwd=ROOT)
    if done.code or not out.exists() or not out.stat().st_size:
        shown = public_command(tuple(Path(part).name for part in command))
        raise PeerError(f"{name}: exit code {done.code} after {done.seconds:.1f} s: {shown}")
    return done


def our_components(coded: Path) -> dict[str, int]:
    """Bytes per component of one of our files, as `splatdec --info --json` tells."""
    command = [*our_command("splatdec", "NFX_SPLATDEC"), str(coded), "--info", "--json"]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if told.returncode:
        return {}
    parts = json.loads(told.stdout)["info"]["components"]
    return {name: part["bytes"] for name, part in parts.items()}
