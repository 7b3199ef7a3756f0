"""Trains the amplifier of ExGS's pruning (arXiv 2509.24758) and writes its weights.

    python -m tools.train_amplifier plush.ply:plush.cameras.json playbot.ply:playbot.orbit.json \
        -o codec/encoder/pruning/amplifier.npy

Each step: a scene, a share kept (log-uniform in 0.03..0.3) and a training view by chance; loss
0.8 L1 + 0.2 (1 - SSIM) against the render of the whole scene; the gradient reaches the network
through the rendered scales. NumPy throughout; a few minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.encoder.pruning.amplify import (
    HIDDEN,
    INPUTS,
    MOST,
    Predictor,
    amplified,
    features,
    silu,
)
from codec.encoder.pruning.select import select_with_voxels
from codec.encoder.pruning.views import ScoreViews, blending_weights, targets
from codec.io.cameras import read_cameras
from codec.io.ply import read_ply
from codec.optimize.losses import photo_loss
from codec.optimize.photos import split_views
from codec.rendering.backward import GradRenderer
from codec.scene import Splats

VIEWS, SHARES = 24, (0.03, 0.3)
ROUNDS = 6  # shares drawn per scene, each with its features kept


def first_parameters(rng: np.random.Generator, inputs: NDArray) -> NDArray[np.float32]:
    """Inputs standardized, He-like weights, last layer zero with bias -4 (a = 1.036)."""
    parts = [inputs.mean(0), inputs.std(0) + 1e-3,
             rng.normal(size=HIDDEN * INPUTS) * np.sqrt(2 / INPUTS), np.zeros(HIDDEN),
             rng.normal(size=HIDDEN * HIDDEN) * np.sqrt(2 / HIDDEN), np.zeros(HIDDEN),
             np.zeros(HIDDEN), [-4.0]]
    return np.concatenate(parts).astype(np.float32)


def parameter_gradient(network: Predictor, inputs: NDArray, d_factor: NDArray) -> NDArray:
    """Gradient [5081] of sum(d_factor * factors); zero for the standardization."""
    mean, deviation, w1, b1, w2, b2, w3, b3 = network.layers()
    x = (inputs - mean) / deviation
    u1 = x @ w1.T + b1
    h1 = silu(u1)
    u2 = h1 @ w2.T + b2
    h2 = silu(u2)
    s = 1 / (1 + np.exp(-np.clip(h2 @ w3.T + b3, -40, 40)))
    d3 = (MOST - 1) * s * (1 - s) * d_factor[:, None]
    d2 = (d3 @ w3) * silu_slope(u2)
    d1 = (d2 @ w2) * silu_slope(u1)
    return np.concatenate([np.zeros(2 * INPUTS), (d1.T @ x).ravel(), d1.sum(0),
                           (d2.T @ h1).ravel(), d2.sum(0), (d3.T @ h2).ravel(), d3.sum(0)])


def silu_slope(x: NDArray) -> NDArray:
    """Derivative of x sigmoid(x)."""
    s = 1 / (1 + np.exp(-np.clip(x, -40, 40)))
    return s * (1 + x * (1 - s))


def cases_of(splats: Splats, views: ScoreViews, rng: np.random.Generator) -> list[tuple]:
    """(pruned scene, features) for some shares kept."""
    weights, cases = blending_weights(splats, views), []
    for _ in range(ROUNDS):
        share = np.exp(rng.uniform(*np.log(SHARES)))
        kept = select_with_voxels(splats.means, weights, round(share * splats.n_gaussians))
        cases.append((splats.take(kept), features(splats, kept, weights)))
    return cases


def train(scenes: list[tuple[Splats, ScoreViews]], steps: int, seed: int) -> Predictor:
    """Adam at 2e-3, falling to a tenth, over random cases of all scenes."""
    rng = np.random.Generator(np.random.PCG64(seed))
    wanted = [targets(splats, views) for splats, views in scenes]
    cases = [cases_of(splats, views, rng) for splats, views in scenes]
    stacked = np.concatenate([inputs for scene in cases for _, inputs in scene])
    values = first_parameters(rng, stacked)
    first, second = np.zeros(len(values)), np.zeros(len(values))
    renderer, smooth = GradRenderer(), None
    for step in range(1, steps + 1):
        k = int(rng.integers(len(scenes)))
        pruned, inputs = cases[k][rng.integers(ROUNDS)]
        view = int(rng.integers(len(wanted[k])))
        network = Predictor(values)
        factors = network.factors(inputs)
        frame = renderer.forward(amplified(pruned, factors), scenes[k][1].cameras[view], False)
        loss, d_rgb = photo_loss(frame.rgb, wanted[k][view])
        by_log = renderer.backward(frame, d_rgb).log_scales.astype(np.float64).sum(1)
        gradient = parameter_gradient(network, inputs, by_log / factors)
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient**2
        rate = 2e-3 * 0.1 ** (step / steps)
        move = (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-10)
        move[: 2 * INPUTS] = 0
        values = (values - rate * move).astype(np.float32)
        smooth = loss if smooth is None else 0.98 * smooth + 0.02 * loss
        if step % 200 == 0:
            print(f"{step:5d}  loss {smooth:.4f}  mean factor {factors.mean():.3f}",
                  file=sys.stderr, flush=True)
    return Predictor(values)


def load(item: str) -> tuple[Splats, ScoreViews]:
    """A scene and views of it from SCENE.ply:CAMERAS.json; held-out views are left out."""
    scene, cameras = item.rsplit(":", 1)
    return read_ply(Path(scene)), ScoreViews.of(split_views(read_cameras(cameras))[0], 1, VIEWS)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("scenes", nargs="+", metavar="SCENE.ply:CAMERAS.json")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    network = train([load(item) for item in given.scenes], given.steps, given.seed)
    with open(given.output, "wb") as stream:
        np.save(stream, network.parameters)


if __name__ == "__main__":
    main()
