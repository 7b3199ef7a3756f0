"""Wheel and sdist under several interpreters: built, installed into fresh environments, and used.

    python -m tools.packaging --python /path/to/python3.12 [...] [-o tools/results/packaging.json]

For each interpreter (this one always): `python -m build` of the tracked files gives an sdist and
from it a wheel; a fresh environment installs the wheel with what it depends on, a second one the
sdist; `pip check` finds nothing; outside the repository the commands encode the demo scene
(effort 1, and by default, which must do without a renderer), decode it, write a viewer page and
read a .glb back; mypy finds the types of the installed package (py.typed). Ends with code 1 when a
step fails or interpreters disagree on a byte.
Needs the package index for build, the dependencies and mypy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TYPED = "import codec\nreveal_type(codec.decode(b'').n_gaussians)\n"
LIGHT = {"click", "constriction", "nfx", "numpy", "pip", "zstandard"}


class StepFailed(Exception):
    """A command ended with another code than 0; the message is the end of what it said."""


def run(words: list, cwd: Path) -> str:
    """Standard output of a command run in the folder `cwd`."""
    done = subprocess.run([str(w) for w in words], cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise StepFailed(f"{words[1:4]}: {(done.stdout + done.stderr).strip()[-1500:]}")
    return done.stdout


def tracked_copy(folder: Path) -> Path:
    """What git tracks, as it lies in the working tree: what a release is made from."""
    names = run(["git", "ls-files", "-z"], ROOT).split("\0")
    for name in filter(None, names):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    return folder


def environment(python: str, folder: Path) -> Path:
    """The folder of programs of a fresh virtual environment."""
    run([python, "-m", "venv", folder], folder.parent)
    return folder / ("Scripts" if sys.platform == "win32" else "bin")


def pip(programs: Path, *words) -> None:
    run([programs / "python", "-m", "pip", "--disable-pip-version-check", "-q", *words],
        programs.parent)


def build(python: str, tree: Path, folder: Path) -> tuple[Path, Path]:
    """(sdist, wheel), the wheel built from the sdist."""
    programs = environment(python, folder / "build_env")
    pip(programs, "install", "build")
    source = shutil.copytree(tree, folder / "source")  # building writes into it
    run([programs / "python", "-m", "build", "-o", folder / "dist", source], folder)
    return tuple(next((folder / "dist").glob(kind)) for kind in ("*.tar.gz", "*.whl"))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def use(programs: Path, scene: Path, folder: Path) -> dict:
    """Run both commands in `folder`; hashes of what they wrote."""
    folder.mkdir()
    enc, dec = programs / "splatenc", programs / "splatdec"
    run([enc, scene, "-o", "scene.nfx", "-e", "1", "--quiet"], folder)
    run([enc, scene, "-o", "default.nfx", "--quiet"], folder)
    for name in ("back.ply", "back.glb", "back.spz"):
        run([dec, "scene.nfx", "-o", name, "--quiet"], folder)
    run([enc, "back.glb", "-o", "again.nfx", "-e", "1", "--quiet"], folder)
    run([dec, "again.nfx", "--verify", "--quiet"], folder)
    run([dec, "scene.nfx", "--viewer", "page.html", "--quiet"], folder)
    info = json.loads(run([dec, "scene.nfx", "--info", "--json"], folder))
    for command in (enc, dec):
        run([command, "--help"], folder)
    names = ("scene.nfx", "default.nfx", "back.ply", "back.glb", "page.html")
    return {"bytes": info["bytes"], "sha256": {name: sha256(folder / name)[:16] for name in names}}


def check_types(programs: Path, folder: Path) -> str:
    """What mypy makes of a script that uses the installed package: a type, where py.typed ships."""
    pip(programs, "install", "mypy")
    (folder / "typed.py").write_text(TYPED)
    found = run([programs / "python", "-m", "mypy", "--follow-imports=silent", "typed.py"], folder)
    return found.split('Revealed type is "')[1].split('"')[0]


def try_interpreter(python: str, tree: Path, scene: Path, folder: Path) -> dict:
    """Build, install and use under one interpreter. Raises StepFailed."""
    version = run([python, "-c", "import platform; print(platform.python_version())"], folder)
    sdist, wheel = build(python, tree, folder)
    facts: dict = {"python": version.strip(), "wheel": wheel.name, "wheel_bytes":
                   wheel.stat().st_size, "sdist": sdist.name, "sdist_bytes": sdist.stat().st_size}
    for kind, file in (("wheel", wheel), ("sdist", sdist)):
        programs = environment(python, folder / f"{kind}_env")
        pip(programs, "install", file)
        run([programs / "python", "-m", "pip", "check"], folder)
        listed = json.loads(run([programs / "python", "-m", "pip", "list", "--format", "json",
                                 "--disable-pip-version-check"], folder))
        facts[f"{kind}_installs"] = {p["name"]: p["version"] for p in listed
                                     if p["name"] not in ("pip", "setuptools")}
        facts[kind + "_used"] = use(programs, scene, folder / kind)
        if kind == "wheel":
            facts["type_revealed"] = check_types(programs, folder)
    return facts


def disagreements(found: list[dict]) -> list[str]:
    """What is not the same under every interpreter, or is not as a light install should be."""
    first = found[0]["wheel_used"]
    out = [f"Python {f['python']}: {kind} gives other bytes" for f in found
           for kind in ("wheel", "sdist") if f[f"{kind}_used"] != first]
    out += [f"Python {f['python']}: installs {', '.join(sorted(extra))}" for f in found
            if (extra := set(f["wheel_installs"]) - LIGHT)]
    return out + [f"Python {f['python']}: types are lost" for f in found
                  if f["type_revealed"] not in ("int", "builtins.int")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", default=[], help="another interpreter")
    parser.add_argument("-o", "--output", type=Path, help="write the facts as JSON")
    given = parser.parse_args()

    from codec.io.ply import write_ply
    from tools.make_scene import make_demo

    found = []
    with tempfile.TemporaryDirectory() as name:
        scene = Path(name) / "demo.ply"
        write_ply(scene, make_demo(32000))
        tree = tracked_copy(Path(name) / "tree")
        for i, python in enumerate([sys.executable, *given.python]):
            folder = Path(name) / str(i)
            folder.mkdir()
            try:
                found.append(try_interpreter(python, tree, scene, folder))
            except StepFailed as error:
                print(f"{i}: {error}", file=sys.stderr)
                return 1
            print(f"Python {found[-1]['python']}: {found[-1]['wheel']} "
                  f"{found[-1]['wheel_used']['sha256']}", flush=True)
    wrong = disagreements(found)
    print("\n".join(wrong) or "the same bytes under every interpreter")
    if given.output:
        facts = {"command": "python -m tools.packaging --python PYTHON3.12 --python PYTHON3.13",
                 "scene": "make_demo(32000)", "interpreters": found, "disagreements": wrong}
        given.output.write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
