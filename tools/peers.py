"""Other splat codecs behind one interface: each peer is an encode and a decode command.

Executables come from PATH or from NFX_SPLAT_TRANSFORM (npm @playcanvas/splat-transform) and
NFX_LGSC (lgsc-api-example1 of qualcomm/lite-3Dgsplat-codec); gsply and gaussforge (PyPI) run in
this Python. What is not installed is left out by name.

    python -m tools.peers scene.ply --out peers/ [--peers spz4 lgsc1]
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

_GSPLY_ENCODE = (
    "import sys, gsply\n"
    "gsply.write_spz(sys.argv[2], gsply.plyread(sys.argv[1]), version=4)"
)
_GSPLY_DECODE = "import sys, gsply\ngsply.plywrite(sys.argv[2], gsply.read_spz(sys.argv[1]))"
_GAUSSFORGE = (
    "import sys, pathlib, gaussforge\n"
    "source, out, kind, other = sys.argv[1:]\n"
    "data = pathlib.Path(source).read_bytes()\n"
    "done = gaussforge.GaussForge().convert(data, kind, other, spz_version=4)\n"
    "sys.exit(done['error']) if 'error' in done else pathlib.Path(out).write_bytes(done['data'])"
)
_STARTER = """
import os, subprocess, sys, threading, time
quiet = subprocess.DEVNULL
start = time.perf_counter()
child = subprocess.Popen(sys.argv[2:], stdin=quiet, stdout=quiet, stderr=quiet)
timer = threading.Timer(float(sys.argv[1]) or threading.TIMEOUT_MAX, child.kill)
timer.daemon = True
timer.start()
_, status, usage = os.wait4(child.pid, 0)
seconds = time.perf_counter() - start
print([seconds, usage.ru_maxrss, os.waitstatus_to_exitcode(status)], flush=True)
os._exit(0)
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """One codec: commands with {source} and {out} in place of file names.

    goal: our bytes over this peer's, at its PSNR or better, that NFX promises; None: no promise.
    """

    name: str
    suffix: str
    tool: str
    encode: tuple[str, ...]
    decode: tuple[str, ...]
    goal: float | None = None


@dataclass(frozen=True, slots=True)
class Timed:
    """A finished process: wall seconds, peak resident memory in MB (10^6), exit code."""

    seconds: float
    peak_mb: float
    code: int


@dataclass(frozen=True, slots=True)
class PeerResult:
    """What a peer made of a scene. decoded: path of the PLY it decoded to."""

    peer: str
    version: str
    command: str
    bytes: int
    encode_s: float
    decode_s: float
    decoded: str


class PeerError(Exception):
    """A peer failed or ran out of time."""


def run_timed(
    command: list[str], timeout: float | None = None, cwd: Path | None = None
) -> Timed:
    """Run a command silently to its end in folder `cwd`; killed after `timeout` s (code -9).

    A small process of its own starts it: Linux counts the starter's memory in the child's peak.
    """
    starter = [sys.executable, "-I", "-S", "-c", _STARTER, str(timeout or 0), *command]
    done = subprocess.run(starter, capture_output=True, text=True, cwd=cwd)
    if done.returncode:
        raise FileNotFoundError(f"cannot run {command[0]}: {done.stderr.strip()[-200:]}")
    seconds, peak, code = json.loads(done.stdout)
    unit = 1 if sys.platform == "darwin" else 1024
    return Timed(seconds, peak * unit / 1e6, code)


def find_tool(name: str, variable: str) -> str | None:
    """Path of an executable: environment variable first, then PATH."""
    return shutil.which(os.environ.get(variable) or name)


def _splat_transform_peers(exe: str) -> list[Peer]:
    decode = (exe, "-w", "-q", "{source}", "{out}")

    def peer(name: str, suffix: str, *options: str, goal: float | None = None) -> Peer:
        encode = (exe, "-w", "-q", *options, "{source}", "{out}")
        return Peer(name, suffix, "splat-transform", encode, decode, goal)

    return [
        peer("spz4", ".spz", goal=0.40),
        peer("spz3", ".spz", "--spz-version", "3"),
        peer("sog", ".sog", "-g", "cpu", goal=0.65),
        peer("cply", ".compressed.ply"),
    ]


def _lgsc_peers(exe: str) -> list[Peer]:
    decode = (exe, "--mode=1", "--outputBinaryPly=1", "--compressedStreamPath={source}",
              "--reconstructedDataPath={out}")
    goals = {0: None, 1: 0.50, 2: 0.45}
    return [
        Peer(
            f"lgsc{level}", ".lgsc", "lgsc",
            (exe, "--mode=0", f"--compLevel={level}", "--uncompressedDataPath={source}",
             "--compressedStreamPath={out}"),
            decode, goal,
        )
        for level, goal in goals.items()
    ]


def _python_peers() -> list[Peer]:
    def script(code: str, *extra: str) -> tuple[str, ...]:
        return (sys.executable, "-c", code, "{source}", "{out}", *extra)

    return [
        Peer("spz4_sh8", ".spz", "gsply", script(_GSPLY_ENCODE), script(_GSPLY_DECODE), 0.50),
        Peer("gaussforge", ".spz", "gaussforge", script(_GAUSSFORGE, "ply", "spz"),
             script(_GAUSSFORGE, "spz", "ply")),
    ]


def find_peers() -> tuple[dict[str, Peer], list[str]]:
    """(Peers that can run here, by name; names of the tools that are missing)."""
    found: list[Peer] = []
    missing = []
    transform = find_tool("splat-transform", "NFX_SPLAT_TRANSFORM")
    lgsc = find_tool("lgsc-api-example1", "NFX_LGSC")
    found += _splat_transform_peers(transform) if transform else []
    found += _lgsc_peers(lgsc) if lgsc else []
    missing += [] if transform else ["splat-transform"]
    missing += [] if lgsc else ["lgsc"]
    for peer in _python_peers():
        if importlib.util.find_spec(peer.tool):
            found.append(peer)
        else:
            missing.append(peer.tool)
    return {peer.name: peer for peer in found}, missing


def choose_peers(names: list[str] | None) -> dict[str, Peer]:
    """The installed peers among `names` (None: all); says on stderr what is left out."""
    peers, missing = find_peers()
    left_out = missing if names is None else [name for name in names if name not in peers]
    if left_out:
        print(f"not installed, left out: {', '.join(left_out)}", file=sys.stderr)
    return {n: p for n, p in peers.items() if names is None or n in names}


@functools.cache
def tool_version(tool: str, exe: str) -> str:
    """Version of a peer's tool in its own words."""
    if tool == "splat-transform":
        told = subprocess.run([exe, "--version"], capture_output=True, text=True)
        return (told.stdout + told.stderr).strip()
    if tool == "lgsc":
        return "L-GSC 1.0"  # the only version its sources name
    from importlib.metadata import version

    return f"{tool} {version(tool)}"


def fill(command: tuple[str, ...], source: Path, out: Path) -> list[str]:
    """The command with its file names."""
    return [part.replace("{source}", str(source)).replace("{out}", str(out)) for part in command]


def clean_ply(scene: Path, out: Path) -> Path:
    """`scene` rewritten with graphdeco's properties alone: gsply misreads others silently."""
    from codec.io.ply import read_ply, write_ply

    write_ply(out, read_ply(scene), extra=False, overwrite=True)
    return out


def run_peer(peer: Peer, scene: Path, folder: Path, timeout: float = 600) -> PeerResult:
    """Encode and decode `scene` (a clean PLY) with one peer, files in `folder`.

    timeout: seconds for each of the two. Raises PeerError with the command that failed.
    """
    coded = folder / f"{peer.name}{peer.suffix}"
    decoded = folder / f"{peer.name}.decoded.ply"
    times = []
    steps = ((peer.encode, scene, coded), (peer.decode, coded, decoded))
    for command, source, out in steps:
        out.unlink(missing_ok=True)
        done = run_timed(fill(command, source, out), timeout)
        if done.code or not out.exists() or not out.stat().st_size:
            why = f"exit code {done.code} after {done.seconds:.1f} s"
            raise PeerError(f"{peer.name}: {why}: {public_command(command)}")
        times.append(done.seconds)
    return PeerResult(
        peer.name, tool_version(peer.tool, peer.encode[0]), public_command(peer.encode),
        coded.stat().st_size, times[0], times[1], str(decoded),
    )


def public_command(command: tuple[str, ...]) -> str:
    """The command as a report shows it: no folder of this machine, scripts shortened."""
    shown = [Path(command[0]).name, *command[1:]]
    return " ".join("<script>" if "\n" in part else part for part in shown)


def main() -> None:
    """Run peers on one scene, print sizes and times, results as JSON beside the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for the peers' files")
    parser.add_argument("--peers", nargs="*", help="names (default: all that are installed)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds a step")
    args = parser.parse_args()
    peers = choose_peers(args.peers)
    args.out.mkdir(parents=True, exist_ok=True)
    source = clean_ply(args.scene, args.out / "source.ply")
    results = []
    for name, peer in peers.items():
        try:
            result = run_peer(peer, source, args.out, args.timeout)
        except PeerError as problem:
            print(problem)
            continue
        results.append(asdict(result))
        print(f"{name:12} {result.bytes:10} bytes  encode {result.encode_s:6.2f} s  "
              f"decode {result.decode_s:6.2f} s")
    (args.out / "peers.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
