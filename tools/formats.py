"""Round trips through every outside format, read back by tools that are not ours: one table.

    python -m tools.formats [SCENE.ply ...] [-o tools/results/formats.json]

Each scene, and one made here, is written in each format and read by NFX and by every
foreign reader found: splat-transform (NFX_SPLAT_TRANSFORM, PATH, or `npm install` in
tools/foreign), the glTF loaders of PlayCanvas and Babylon.js (`npm install` in tools/foreign),
gsply, gaussforge and plyfile (PyPI). A row tells the largest error of each attribute over all
Gaussians, each compared with the one of the other scene that is nearest in units of the allowed
errors, both ways. Allowed is what the format's own precision explains (half a quantization step,
from the format's definition or the ranges and codebooks in the file); `unchanged` is whether all
are within. Values outside what a format can hold are clipped before the comparison (`clipped`).
Ends with code 1 when a row fails.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import codec
from codec.io.glb import half_turn
from codec.io.quantized import SH_C0
from tools.peers import find_tool, tool_version

ROOT = Path(__file__).resolve().parents[1]
FOREIGN = ROOT / "tools/foreign"
FORMATS = (".ply", ".compressed.ply", ".splat", "v2.spz", "v3.spz", "v4.spz", ".sog", ".glb")
FIELDS = ("position", "log_scale", "rotation_degrees", "opacity", "sh0", "shN")
CANDIDATES = 6
FLOAT = 4e-7  # relative rounding of float32 after a few operations


@dataclass(frozen=True, slots=True)
class Reader:
    """A program that is not ours. read(file, folder) gives the scene; limits: its coarser steps."""

    name: str
    version: str
    formats: tuple[str, ...]
    read: Callable[[Path, Path], codec.Splats]
    limits: dict[str, float] | None = None
    holds: str = ""  # the format whose ranges its own arrays have


# ---- readers -----------------------------------------------------------------------------------


def _converter(command: list[str]) -> Callable[[Path, Path], codec.Splats]:
    """A reader that turns a file into a PLY; {source} and {out} stand for the names."""

    def read(source: Path, folder: Path) -> codec.Splats:
        out = folder / "foreign.ply"
        words = [w.format(source=source, out=out) for w in command]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{words[0]}: {(done.stderr + done.stdout).strip()[-300:]}")
        return codec.read_ply(out)

    return read


_GSPLY = "import sys, gsply; gsply.plywrite(sys.argv[2], gsply.{}(sys.argv[1]))"
_GAUSSFORGE = """
import pathlib, sys, gaussforge
source, out, kind = sys.argv[1:]
done = gaussforge.GaussForge().convert(pathlib.Path(source).read_bytes(), kind, "ply")
if "error" in done: sys.exit(done["error"])
pathlib.Path(out).write_bytes(done["data"])
"""


def _plyfile(source: Path, _folder: Path) -> codec.Splats:
    """graphdeco's own loader reads with plyfile in this way: by property names."""
    from plyfile import PlyData

    rows = PlyData.read(source)["vertex"]

    def columns(*names: str):
        return np.stack([np.asarray(rows[n], np.float32) for n in names], axis=1)

    rest = sorted((p.name for p in rows.properties if p.name.startswith("f_rest_")),
                  key=lambda name: int(name.removeprefix("f_rest_")))
    sh = columns(*rest).reshape(len(rows.data), 3, -1).transpose(0, 2, 1) if rest else np.empty(
        (len(rows.data), 0, 3), np.float32)
    return codec.Splats(
        columns("x", "y", "z"), columns(*(f"scale_{i}" for i in range(3))),
        columns(*(f"rot_{i}" for i in range(4))), np.asarray(rows["opacity"], np.float32),
        columns(*(f"f_dc_{i}" for i in range(3))), np.ascontiguousarray(sh))


def _glb_columns(reader: str, source: Path) -> dict:
    node = shutil.which("node")
    done = subprocess.run([node, str(FOREIGN / "read_glb.mjs"), reader, str(source)],
                          capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{reader}: {done.stderr.strip()[-300:]}")
    found = json.loads(done.stdout)
    n = found.get("n", 0)
    return {name: np.frombuffer(base64.b64decode(data), np.float32).reshape(n, -1)
            for name, data in found.get("columns", {}).items()} | {"found": found}


def _scene(means, scales, quats, alpha, sh0, shN) -> codec.Splats:
    """From activated values in glTF's axes."""
    with np.errstate(divide="ignore"):
        logits = np.log(alpha) - np.log1p(-alpha.astype(np.float64))
        log_scales = np.log(scales)
    return half_turn(codec.Splats(
        means.copy(), log_scales, quats.copy(), logits.astype(np.float32), sh0.copy(),
        np.ascontiguousarray(shN)))


def _playcanvas(source: Path, _folder: Path) -> codec.Splats:
    got = _glb_columns("playcanvas", source)

    def columns(*names: str):
        return np.concatenate([got[n] for n in names], axis=1)

    n_rest = sum(name.startswith("f_rest_") for name in got)
    rest = columns("x", *(f"f_rest_{i}" for i in range(n_rest)))[:, 1:]
    return _scene(columns("x", "y", "z"), columns("scale_0", "scale_1", "scale_2"),
                  columns("rot_0", "rot_1", "rot_2", "rot_3"), got["opacity"][:, 0],
                  columns("f_dc_0", "f_dc_1", "f_dc_2"),
                  rest.reshape(len(rest), 3, -1).transpose(0, 2, 1))


def _babylon(source: Path, _folder: Path) -> codec.Splats:
    """Its loader keeps 8 bits of colour, opacity, rotation and SH (SH within -1..1)."""
    got = _glb_columns("babylon", source)
    sh0 = (got["colours"][:, :3] - np.float32(0.5)) / np.float32(SH_C0)
    return _scene(got["means"], got["scales"], got["quats"], got["colours"][:, 3], sh0,
                  got["shN"].reshape(len(sh0), -1, 3))


def _npm_version(package: str) -> str:
    file = FOREIGN / "node_modules" / package / "package.json"
    return json.loads(file.read_text("utf-8"))["version"] if file.is_file() else ""


def find_readers() -> tuple[list[Reader], list[str]]:
    """What is installed, and the names of what is not."""
    found, missing = [], []
    local = FOREIGN / "node_modules/.bin/splat-transform"
    tool = find_tool("splat-transform", "NFX_SPLAT_TRANSFORM") or (
        str(local) if local.exists() else None)
    if tool:
        found.append(Reader(
            "splat-transform", re.findall(r"\d[\w.]+", tool_version("splat-transform", tool))[0],
            (".ply", ".compressed.ply", ".splat", "v3.spz", "v4.spz", ".sog"),
            _converter([tool, "-q", "-w", "-g", "cpu", "{source}", "{out}"])))
    else:
        missing.append("splat-transform")
    bytes_of_babylon = {"rotation_degrees": four_parts(1 / 127.5), "opacity": 0.5 / 255,
                        "sh0": 0.5 / 255 / SH_C0, "shN": 0.5 / 128}
    for name, package, read, limits, holds in (
        ("PlayCanvas engine", "playcanvas", _playcanvas, None, ""),
        ("Babylon.js", "@babylonjs/loaders", _babylon, bytes_of_babylon, ".splat"),
    ):
        version = _npm_version(package)
        if version and shutil.which("node"):
            found.append(Reader(name, version, (".glb",), read, limits, holds))
        else:
            missing.append(name)
    return found + list(_python_readers(missing)), missing


def _python_readers(missing: list[str]) -> Iterator[Reader]:
    kinds = {
        "gsply": {".ply": "plyread", ".compressed.ply": "plyread", "v2.spz": "read_spz",
                  "v3.spz": "read_spz", "v4.spz": "read_spz"},
        "gaussforge": {".compressed.ply": "compressed.ply", ".splat": "splat", "v2.spz": "spz",
                       "v3.spz": "spz", "v4.spz": "spz", ".sog": "sog"},
    }
    for name, formats in kinds.items():
        if not importlib.util.find_spec(name):
            missing.append(name)
            continue
        version = importlib.metadata.version(name)
        for kind, how in formats.items():
            code = _GSPLY.format(how) if name == "gsply" else _GAUSSFORGE
            more = [] if name == "gsply" else [how]
            yield Reader(name, version, (kind,), _converter(
                [sys.executable, "-c", code.replace("{", "{{").replace("}", "}}"),
                 "{source}", "{out}", *more]))
    if importlib.util.find_spec("plyfile"):
        yield Reader("plyfile", importlib.metadata.version("plyfile"), (".ply",), _plyfile)
    else:
        missing.append("plyfile")


# ---- what a format can keep --------------------------------------------------------------------


def clipped(kind: str, splats: codec.Splats) -> codec.Splats:
    """The scene with values held to what the format can carry."""
    if kind.endswith(".spz"):
        bound = 0.5 / 0.15  # colour bytes are (0.15 sh0 + 0.5) 255, SH bytes 128 shN + 128
        return replace(splats, sh0=np.clip(splats.sh0, -bound, bound).astype(np.float32),
                       shN=np.clip(splats.shN, -1, 127 / 128).astype(np.float32),
                       log_scales=np.clip(splats.log_scales, -10, 255 / 16 - 10))
    if kind == ".splat":
        return replace(splats, sh0=np.clip(splats.sh0, -0.5 / SH_C0, 0.5 / SH_C0),
                       shN=np.clip(splats.shN, -1, 127 / 128).astype(np.float32))
    return splats


def smallest_three(bits_step: float) -> float:
    """Degrees that an error of half a step in three components of a unit quaternion makes."""
    h = bits_step / 2  # the fourth, the largest, errs by up to the sum of the three
    return float(np.degrees(2 * np.sqrt(12) * h))


def four_parts(step: float) -> float:
    """The same for half a step in all four components, and then scaled to length one."""
    return float(np.degrees(2 * 1.1 * 2 * step / 2))


def _fractional_bits(file: Path) -> int:
    """Of the positions of an .spz file: a byte of its header."""
    data = file.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)[13]


def precision(kind: str, file: Path, splats: codec.Splats) -> dict[str, float]:
    """Largest error that the format itself explains, by field (FIELDS)."""
    if kind == ".sog":
        return _sog_precision(file, splats)
    size = float(np.abs(splats.means).max(initial=0))
    eight = 0.5 / 255
    rest = float(np.ptp(splats.shN)) if splats.shN.size else 0.0
    exact = dict.fromkeys(FIELDS, 0.0)
    # sqrt(1 - x^2 - y^2 - z^2) of 8-bit parts: worst near zero.
    old = float(np.degrees(2 * np.sqrt(2 * np.sqrt(3) * eight * 2 + 4 * eight**2)))
    turns = {"v2.spz": old}.get(kind, smallest_three(np.sqrt(0.5) / 511))
    bits = _fractional_bits(file) if kind.endswith(".spz") else 0
    spz = {"position": 0.5 / 2**bits, "log_scale": 0.5 / 16, "rotation_degrees": turns,
           "opacity": eight, "sh0": eight / 0.15, "shN": 0.5 / 128}
    return {
        ".ply": exact,
        ".glb": exact | {"log_scale": 1e-6, "rotation_degrees": 0.05, "opacity": 1e-7},
        ".splat": exact | {"log_scale": 1e-6, "opacity": eight, "sh0": eight / SH_C0,
                           # read as (b - 128) / 128 or as b / 127.5 - 1, half a step apart
                           "rotation_degrees": four_parts(2 / 128)},
        ".compressed.ply": {
            "position": float(np.ptp(splats.means, axis=0).max(initial=0)) / 1023 / 2,
            "log_scale": float(np.ptp(splats.log_scales)) / 1023 / 2 if size else 0.0,
            "rotation_degrees": smallest_three(np.sqrt(2) / 1023), "opacity": eight,
            "sh0": eight * max(float(np.ptp(splats.sh0)) if size else 0.0, 1 / SH_C0),
            "shN": max(4 / 127, rest / 255) / 2,
        },
    }.get(kind, spz)


def _sog_precision(file: Path, splats: codec.Splats) -> dict[str, float]:
    """The nearest that the file's codebooks come; positions are 16 bits of log(1 + |x|).

    Above 65,536 Gaussians rows of SH are shared, and nothing bounds their error.
    """
    with zipfile.ZipFile(file) as archive:
        meta = json.loads(archive.read("meta.json"))

    def farthest(name: str, values: np.ndarray) -> float:
        if name not in meta or not values.size:
            return 0.0
        book = np.sort(np.asarray(meta[name]["codebook"]))
        at = np.searchsorted(book, values).clip(1, len(book) - 1)
        return float(np.minimum(np.abs(values - book[at - 1]), np.abs(values - book[at])).max())

    low, high = (np.asarray(meta["means"][k]) for k in ("mins", "maxs"))
    widest = np.exp(np.maximum(np.abs(low), np.abs(high)))
    return {"position": float(((high - low) / 65535 / 2 * widest).max()),
            "log_scale": farthest("scales", splats.log_scales),
            "rotation_degrees": smallest_three(np.sqrt(2) / 255),
            "opacity": 0.5 / 255, "sh0": farthest("sh0", splats.sh0),
            "shN": farthest("shN", splats.shN) if meta["count"] <= 65536 else np.inf}


# ---- comparison --------------------------------------------------------------------------------


def _unit(quats: np.ndarray) -> np.ndarray:
    return quats / np.linalg.norm(quats.astype(np.float64), axis=1, keepdims=True)


def _alpha(splats: codec.Splats) -> np.ndarray:
    return 1 / (1 + np.exp(-splats.opacity_logits.astype(np.float64)))


def differences(a: codec.Splats, b: codec.Splats) -> dict[str, np.ndarray]:
    """[N] largest absolute difference of each Gaussian of `a` from that of `b`, by field."""
    p, q = _unit(a.quats), _unit(b.quats)
    q = np.where((p * q).sum(axis=1, keepdims=True) < 0, -q, q)
    chord = np.minimum(np.linalg.norm(p - q, axis=1) / 2, 1)
    pairs = {"position": (a.means, b.means), "log_scale": (a.log_scales, b.log_scales),
             "opacity": (_alpha(a)[:, None], _alpha(b)[:, None]), "sh0": (a.sh0, b.sh0)}
    if a.sh_degree:
        pairs["shN"] = tuple(s.shN.reshape(s.n_gaussians, -1) for s in (a, b))
    found = {k: np.abs(x.astype(np.float64) - y).max(axis=1) for k, (x, y) in pairs.items()}
    return found | {"rotation_degrees": np.degrees(4 * np.arcsin(chord))}


def _nearest(a: codec.Splats, b: codec.Splats, allowed: dict[str, float]) -> dict[str, np.ndarray]:
    """`differences` of each Gaussian of `a` from the one of `b` that errs least.

    Formats sort, and scenes hold near duplicates: the nearest few are told apart by every field.
    """
    from scipy.spatial import cKDTree

    def features(s: codec.Splats) -> np.ndarray:
        parts = {"position": s.means, "log_scale": s.log_scales, "sh0": s.sh0,
                 "opacity": _alpha(s)[:, None]}
        return np.concatenate([x / (allowed[k] + 1e-6) for k, x in parts.items()], axis=1)

    count = min(CANDIDATES, b.n_gaussians)
    index = cKDTree(features(b)).query(features(a), k=range(1, count + 1), p=np.inf)[1]
    best: dict[str, np.ndarray] = {}
    for column in index.T:
        found = differences(a, b.take(column))
        score = np.max([v / (allowed[k] + 1e-6) for k, v in found.items()], axis=0)
        if best:
            keep = score < best["score"]
            found = {k: np.where(keep, v, best[k]) for k, v in found.items()}
            score = np.where(keep, score, best["score"])
        best = found | {"score": score}
    return best


def errors(splats: codec.Splats, back: codec.Splats, allowed: dict[str, float]) -> dict[str, float]:
    """Largest absolute error by field, both ways; no shN where the format has no SH.

    Raises RuntimeError when Gaussians are missing.
    """
    if back.n_gaussians != splats.n_gaussians:
        raise RuntimeError(f"{back.n_gaussians} Gaussians of {splats.n_gaussians} came back")
    if back.sh_degree < splats.sh_degree:
        splats = splats.with_sh_degree(0)
    there, again = _nearest(splats, back, allowed), _nearest(back, splats, allowed)
    return {name: float(max(there[name].max(initial=0), again[name].max(initial=0)))
            for name in FIELDS if name in there}


def within(found: dict[str, float], allowed: dict[str, float], splats: codec.Splats) -> bool:
    """Every error within what is allowed, plus the rounding of float32 at the field's size."""
    size = {"position": np.abs(splats.means).max(initial=0), "rotation_degrees": 90,
            "log_scale": np.abs(splats.log_scales).max(initial=0)}
    return all(value <= allowed[name] * (1 + 1e-3) + FLOAT * float(size.get(name, 10))
               for name, value in found.items())


def compare(reader: Reader, file: Path, splats: codec.Splats, steps: dict[str, float]) -> dict:
    """The part of a row that a reader's answer decides."""
    try:
        splats = clipped(reader.holds, splats)
        allowed = {k: max(steps[k], (reader.limits or {}).get(k, 0.0)) for k in FIELDS}
        found = errors(splats, reader.read(file, file.parent), allowed)
    except RuntimeError as error:
        return {"error": str(error), "largest_error": {}, "allowed": {}, "unchanged": False}
    return {"largest_error": {k: round(v, 9) for k, v in found.items()},
            "allowed": {k: round(allowed[k], 9) for k in found if np.isfinite(allowed[k])},
            "unchanged": within(found, allowed, splats)}


def table(splats: codec.Splats, readers: list[Reader], folder: Path,
          kinds: tuple[str, ...] = FORMATS) -> list[dict]:
    """One row a format and reader; NFX reads its own files first."""
    ours = Reader("NFX", codec.__version__, FORMATS, lambda source, _: codec.read_scene(source))
    rows = []
    for kind in kinds:
        file = folder / f"scene{'_' if kind[0] != '.' else ''}{kind}"
        version = int(kind[1]) if kind.endswith(".spz") else 3
        lost = codec.write_scene(file, splats, spz_version=version, overwrite=True)
        held = clipped(kind, splats)
        steps = precision(kind, file, held)
        for reader in (ours, *readers):
            if kind not in reader.formats:
                continue
            row = {"format": kind, "bytes": file.stat().st_size, "reader": reader.name,
                   "version": reader.version, "not_carried": lost}
            rows.append(row | compare(reader, file, held, steps))
    return rows


def validate_glb(file: Path) -> dict | None:
    """What Khronos' validator says of our .glb; None where it is not installed.

    It knows no splats: attribute names with the extension's prefix are reported as invalid names.
    """
    version = _npm_version("gltf-validator")
    if not version or not shutil.which("node"):
        return None
    found = _glb_columns("validator", file)["found"]["errors"]
    names = found.count("MESH_PRIMITIVE_INVALID_ATTRIBUTE")
    return {"version": version, "names_it_does_not_know": names, "errors": len(found) - names}


def make_small_scene(n: int = 3000) -> codec.Splats:
    """The scene compared when none is given."""
    from tools.make_scene import make_synth

    return make_synth(n, 3)


def run(scenes: dict[str, codec.Splats]) -> dict:
    """The whole table as it is written to disk."""
    readers, missing = find_readers()
    found: dict = {"command": "python -m tools.formats SCENES -o FILE", "not_installed": missing,
                   "scenes": {}}
    for name, splats in scenes.items():
        with tempfile.TemporaryDirectory() as folder:
            rows = table(splats, readers, Path(folder))
            found["scenes"][name] = {"n_gaussians": splats.n_gaussians,
                                     "sh_degree": splats.sh_degree, "rows": rows,
                                     "gltf_validator": validate_glb(Path(folder) / "scene.glb")}
    return found


def lines(found: dict) -> Iterator[str]:
    """The table for people."""
    for name, scene in found["scenes"].items():
        yield f"{name}: {scene['n_gaussians']:,} Gaussians, SH degree {scene['sh_degree']}"
        for row in scene["rows"]:
            worst = row.get("error") or "  ".join(
                f"{k} {v:.2g}/{row['allowed'].get(k, np.inf):.2g}"
                for k, v in row["largest_error"].items())
            yield (f"  {row['format']:16}{row['reader'] + ' ' + row['version']:26}"
                   f"{'unchanged' if row['unchanged'] else 'CHANGED':10} {worst}")
        if scene["gltf_validator"]:
            yield f"  gltf-validator: {scene['gltf_validator']}"
    if found["not_installed"]:
        yield f"not installed: {', '.join(found['not_installed'])}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", type=Path, nargs="*", help="scene files besides the one made here")
    parser.add_argument("-o", "--output", type=Path, help="write the table as JSON")
    given = parser.parse_args()
    scenes = {"make_synth(3000, 3)": make_small_scene()}
    found = run(scenes | {path.stem: codec.read_scene(path) for path in given.scene})
    print("\n".join(lines(found)))
    if given.output:
        given.output.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    rows = [row for scene in found["scenes"].values() for row in scene["rows"]]
    return 0 if all(row["unchanged"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
