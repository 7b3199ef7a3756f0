"""VMAF of two frame sequences, by ffmpeg's libvmaf."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VMAF_VARIANT = ("VMAF v0.6.1 (libvmaf), mean over the frames of a camera path at the size "
                "rendered, 25 frames a second, yuv420p BT.709 limited range, against the "
                "original's renders")


@functools.cache
def find_ffmpeg() -> str | None:
    """An ffmpeg with the libvmaf filter: NFX_FFMPEG, PATH, or the imageio-ffmpeg package."""
    candidates = [os.environ.get("NFX_FFMPEG"), shutil.which("ffmpeg")]
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        candidates.append(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        pass
    for exe in filter(None, candidates):
        listed = subprocess.run([exe, "-hide_banner", "-filters"], capture_output=True, text=True)
        if " libvmaf " in listed.stdout:
            return exe
    return None


def _write_frames(path: Path, frames: list[NDArray]) -> str:
    """Raw 8-bit RGB, cropped to even sizes; returns "WIDTHxHEIGHT"."""
    height, width = (n // 2 * 2 for n in frames[0].shape[:2])
    pixels = [np.round(np.clip(f[:height, :width], 0, 1) * 255).astype(np.uint8) for f in frames]
    path.write_bytes(b"".join(p.tobytes() for p in pixels))
    return f"{width}x{height}"


def vmaf(references: list[NDArray], images: list[NDArray], threads: int = 2) -> float:
    """VMAF of `images` against `references` (`VMAF_VARIANT`); frames [H, W, 3] in 0..1."""
    exe = find_ffmpeg()
    if exe is None:
        raise FileNotFoundError("no ffmpeg with libvmaf")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sides = {"test.rgb": images, "reference.rgb": references}
        inputs = []
        for file, frames in sides.items():
            size = _write_frames(folder / file, frames)
            inputs += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", "25", "-i", file]
        yuv = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
        model = ("libvmaf=model=version=vmaf_v0.6.1:log_fmt=json:log_path=log.json:"
                 f"n_threads={threads}")
        graph = f"[0:v]{yuv}[t];[1:v]{yuv}[r];[t][r]{model}"
        command = [exe, "-hide_banner", "-loglevel", "error", *inputs, "-lavfi", graph,
                   "-f", "null", "-"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        log = json.loads((folder / "log.json").read_text())
    return float(log["pooled_metrics"]["vmaf"]["mean"])
