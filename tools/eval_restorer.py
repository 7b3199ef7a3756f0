"""Does a restorer help? Pair files (`tools.make_artifacts scene`), restored and not, by metrics.

    python -m tools.eval_restorer PAIRS/*.npz --weights WEIGHTS [--net RUN/ema.pt] [-o OUT.json]

Held-out views only; the fidelity given to the network is the mean PSNR of the training views in
the file, as an encoder would measure it. LPIPS (alex) is in the training loss, LPIPS (squeeze) is
not. Ratios are restored / unrestored, below 1 = better. Controls: a Gaussian-blurred render, and
"wrong scene", the render plus the network's change for a view of another file. With --path (SCENE
.ply, cameras, coded file), the multi-view consistency along a camera path: coded, restored with one
noise for all frames, and with fresh noise for each. With --decide, fidelity and strength are those
that the encoder would signal after looking at the training views in the file, or nothing at all.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from codec.restore.noise import noise as exact_noise
from tools.metrics import image as image_metrics
from tools.restoring.data import PairFile

BLUR_SIGMA = 1.5


@dataclass(frozen=True)
class Judge:
    """The metrics of a pair of images."""

    networks: dict

    @classmethod
    def load(cls, weights: Path) -> Judge:
        from tools.metrics.networks import Lpips
        from tools.metrics.weights import WeightSource

        source = WeightSource(weights)
        return cls({f"lpips_{net}": Lpips(net, source) for net in ("alex", "squeeze")})

    def scores(self, truth: NDArray, shown: NDArray) -> dict[str, float]:
        """Means over views [V, H, W, 3] in 0..1."""
        rows = []
        for a, b in zip(truth, shown, strict=True):
            a, b = image_metrics.to_8_bits(a), image_metrics.to_8_bits(b)
            row = {"psnr": image_metrics.psnr(a, b), "ssim": image_metrics.ssim(a, b)}
            rows.append(row | {name: net(a, b) for name, net in self.networks.items()})
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def load_net(path: Path | None):
    """The packaged restorer, or the averaged weights of a training run (.pt)."""
    from codec.restore.small import SmallConfig, SmallRestorer, SmallUNet
    from tools.restoring.stages import read_weights

    if path is None:
        return SmallRestorer.packaged()
    shape = json.loads((path.parent / "recipe.json").read_text())["net"]
    net = SmallUNet(SmallConfig.from_dict(shape))
    net.load_state_dict(read_weights(path))
    return SmallRestorer(net, source=path.name)


def restore_views(restorer, rgb: NDArray, alpha: NDArray, fidelity: float, strength: float,
                  seed: int, level: float | None = None) -> NDArray:
    """Restored views [V, H, W, 3]; one noise for all views, as a viewer would use."""
    noise = exact_noise(seed, 0, restorer.noise_shape(*rgb.shape[1:3]))
    return np.concatenate([
        restorer.restore(rgb[i : i + 1], alpha[i : i + 1], noise[None], fidelity, strength, level)
        for i in range(len(rgb))])


@dataclass(frozen=True, slots=True)
class How:
    """How to restore.   most: held-out views of a file.   level: None = the network's own."""

    restorer: object
    strength: float = 1.0
    seed: int = 0
    level: float | None = None
    most: int = 1000

    def __call__(self, shown: NDArray, alpha: NDArray, fidelity: float) -> NDArray:
        return restore_views(self.restorer, shown, alpha, fidelity, self.strength, self.seed,
                             self.level)


def decided(file: PairFile, how: How, judge) -> tuple[How | None, float, dict]:
    """What the encoder would signal, judged on the file's training views (--images at hand).

    Returns how to restore (None: not at all), the fidelity to tell, and the facts for the report.
    """
    from codec.encoder.restoring import JUDGED_VIEWS, TOLD_WORSE, Pictures, choose_strength

    seen = np.flatnonzero(~file.held)
    seen = seen[np.linspace(0, len(seen) - 1, min(JUDGED_VIEWS, len(seen))).astype(int)]
    truth, shown, alpha = (x[seen].astype(np.float32) / 255
                           for x in (file.clean, file.degraded, file.alpha))
    pictures, found = Pictures(list(shown), list(alpha), list(truth)), []
    for lower in TOLD_WORSE:
        fidelity = file.fidelity - lower / 4
        images = list(how(shown, alpha, fidelity))
        found.append((choose_strength(pictures, images, judge), fidelity))
    verdict, fidelity = min(found, key=lambda x: (not x[0].helps, x[0].restored))
    facts = {"judge": judge.name, "signalled": verdict.helps, "strength": verdict.strength / 255,
             "fidelity": fidelity, "reason": verdict.reason}
    return replace(how, strength=facts["strength"]) if verdict.helps else None, fidelity, facts


def held_views(file: PairFile, most: int) -> tuple[NDArray, NDArray, NDArray]:
    """Truth, render and alpha of up to `most` held-out views, float32 in 0..1."""
    held = np.flatnonzero(file.held)
    held = held[np.linspace(0, len(held) - 1, min(most, len(held))).astype(int)]
    return tuple(x[held].astype(np.float32) / 255
                 for x in (file.clean, file.degraded, file.alpha))


def evaluate(file: PairFile, how: How, judge: Judge, other: PairFile | None = None,
             decider=None) -> dict:
    """Scores of one pair file, unrestored and restored; the controls when `other` is given.

    decider: the encoder's judge, which then chooses fidelity and strength.
    """
    truth, shown, alpha = held_views(file, how.most)
    chosen, fidelity, facts = decided(file, how, decider) if decider else (how, file.fidelity, {})
    start = time.perf_counter()
    restored = chosen(shown, alpha, fidelity) if chosen else shown
    seconds = (time.perf_counter() - start) / len(shown)
    out = {"decided": facts} if facts else {}
    out |= {"views": len(shown), "size": [shown.shape[2], shown.shape[1]],
           "fidelity": file.fidelity, "seconds_a_view": seconds,
           "unrestored": judge.scores(truth, shown), "restored": judge.scores(truth, restored)}
    if other is not None:
        out |= control_scores(truth, shown, other, how, judge)
    out["ratio"] = {name: out["restored"][name] / out["unrestored"][name]
                    for name in judge.networks}
    out["psnr_change"] = out["restored"]["psnr"] - out["unrestored"]["psnr"]
    return out


def control_scores(truth, shown, other: PairFile, how: How, judge: Judge) -> dict:
    """Blur instead of restoring, and another scene's change (repeated to the size needed)."""
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(shown, (0, BLUR_SIGMA, BLUR_SIGMA, 0))
    _, foreign, alpha = held_views(other, 1)
    change = how(foreign, alpha, other.fidelity)[0] - foreign[0]
    rows, columns = (-(-a // b) for a, b in zip(shown.shape[1:3], change.shape, strict=False))
    change = np.tile(change, (rows, columns, 1))[: shown.shape[1], : shown.shape[2]]
    return {"blurred": judge.scores(truth, blurred),
            "wrong_scene": judge.scores(truth, np.clip(shown + change, 0, 1))}


def encoder_judge(name: str, weights: Path):
    """The encoder's judge: LPIPS on `weights`, or what it uses without them."""
    from codec.restore.perceptual import TEXTURE_NAME, find_judge
    from codec.restore.perceptual import Judge as EncoderJudge
    from codec.restore.weights import WeightStore

    return EncoderJudge(TEXTURE_NAME) if name == "stand-in" else find_judge(WeightStore(weights))


def path_consistency(ply: Path, cameras: Path, coded: Path, how: How, fidelity: float,
                     frames: int = 12, width: int = 480) -> dict[str, float]:
    """Multi-view consistency in dB along a path between test views (tools.metrics)."""
    from codec.decoder.decode import decode
    from codec.io.cameras import read_cameras
    from codec.io.ply import read_ply
    from codec.optimize.photos import split_views
    from codec.rendering import render
    from tools.metrics import consistency

    _, test = split_views([c.resized(width) for c in read_cameras(cameras)])
    original, scene = read_ply(ply), decode(coded.read_bytes())
    path = consistency.camera_path(test, frames)
    truth = [render(original, c) for c in path]
    warps = [consistency.find_warp(a, b) for a, b in zip(truth, truth[1:], strict=False)]
    views = [render(scene, c) for c in path]
    shown = np.stack([np.clip(v.rgb, 0, 1) for v in views])
    alpha = np.stack([v.alpha for v in views])
    fresh = [replace(how, seed=i)(shown[i : i + 1], alpha[i : i + 1], fidelity)[0]
             for i in range(frames)]
    images = {"unrestored": shown, "one_noise": how(shown, alpha, fidelity), "fresh_noise": fresh}
    references = [v.rgb for v in truth]
    return {name: consistency.consistency(warps, references, list(shots))
            for name, shots in images.items()}


def line(name: str, result: dict) -> str:
    """One row of the table."""
    a, b, ratio = result["unrestored"], result["restored"], result["ratio"]
    return (f"{name:24s} alex {a['lpips_alex']:.3f} -> {b['lpips_alex']:.3f} "
            f"({ratio['lpips_alex']:.3f})  squeeze {a['lpips_squeeze']:.3f} -> "
            f"{b['lpips_squeeze']:.3f} ({ratio['lpips_squeeze']:.3f})  PSNR {a['psnr']:.2f} "
            f"{result['psnr_change']:+.2f}  SSIM {a['ssim']:.3f} -> {b['ssim']:.3f}")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--weights", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--net", type=click.Path(exists=True, path_type=Path),
              help="Checkpoint of a run; the packaged weights without it.")
@click.option("--most", default=1000, show_default=True, help="Held-out views of each file.")
@click.option("--strength", default=1.0, show_default=True)
@click.option("--level", type=float, help="Noise level; the network's own without it.")
@click.option("--seed", default=0, show_default=True)
@click.option("--controls", is_flag=True, help="Also blur, and another scene's change.")
@click.option("--path", "paths", nargs=3, type=click.Path(exists=True, path_type=Path),
              multiple=True, metavar="PLY CAMERAS CODED", help="Multi-view consistency.")
@click.option("--decide", type=click.Choice(["lpips", "stand-in"]),
              help="Signal as the encoder would, by LPIPS or without its weights.")
@click.option("--threads", default=2, show_default=True)
@click.option("-o", "--out", type=click.Path(path_type=Path))
def main(files, weights, net, most, strength, level, seed, controls, paths, decide, threads,
         out) -> None:
    """Measure a restorer on pair files."""
    import torch

    torch.set_num_threads(threads)
    how, judge, results = How(load_net(net), strength, seed, level, most), Judge.load(weights), {}
    decider = encoder_judge(decide, weights) if decide else None
    for path, other in zip(files, (*files[1:], files[0]), strict=True):
        foreign = PairFile.read(other) if controls else None
        results[path.stem] = evaluate(PairFile.read(path), how, judge, foreign, decider)
        click.echo(line(path.stem, results[path.stem]))
    steady = {}
    for ply, cameras, coded in paths:
        steady[coded.name] = path_consistency(ply, cameras, coded, how, 0.0)
        click.echo(f"{coded.name} consistency, dB: {steady[coded.name]}")
    mean = {name: float(np.mean([r["ratio"][name] for r in results.values()]))
            for name in judge.networks}
    change = float(np.mean([r["psnr_change"] for r in results.values()]))
    click.echo(f"mean ratio: alex {mean['lpips_alex']:.3f}, squeeze {mean['lpips_squeeze']:.3f}; "
               f"PSNR {change:+.2f} dB")
    if out:
        out.write_text(json.dumps({"mean_ratio": mean, "mean_psnr_change": change,
                                   "strength": strength, "level": level, "seed": seed,
                                   "consistency_db": steady, "files": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
