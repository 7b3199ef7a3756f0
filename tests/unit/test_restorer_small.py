"""The small restorer: the network, its one step, its weight file, its training."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codec.errors import BackendError, UsageError  # noqa: E402
from codec.restore.small import (  # noqa: E402
    FIDELITY_SCALE,
    LEVEL_SCALE,
    SmallConfig,
    SmallRestorer,
    SmallUNet,
    high_pass,
    one_step,
    unshuffle,
    write_small,
)

TINY = SmallConfig(channels=(16, 24), layers=1, groups=4)


def tiny_net(seed: int = 0, config: SmallConfig = TINY) -> SmallUNet:
    """A small network whose output is not zero."""
    torch.manual_seed(seed)
    net = SmallUNet(config)
    torch.nn.init.normal_(net.conv_out.weight, std=0.05)
    return net


def some_views(shape=(2, 21, 35), seed: int = 0):
    """rgb [B, H, W, 3] and alpha [B, H, W]."""
    rng = np.random.default_rng(seed)
    return rng.random((*shape, 3), np.float32), rng.random(shape, np.float32)


def noise_for(restorer: SmallRestorer, views, seed: int = 1):
    shape = (len(views), *restorer.noise_shape(*views.shape[1:3]))
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


@pytest.mark.parametrize("config", [TINY, SmallConfig(), SmallConfig(mask=False, layers=1)])
def test_the_network_is_the_one_of_diffusers(config):
    """Same parameter names and, with the same weights, the same output."""
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.UNet2DModel(**config.diffusers())
    ours = SmallUNet(config)
    ours.load_state_dict(theirs.state_dict())
    x, time, label = torch.randn(2, config.in_channels, 8, 12), torch.tensor([300.0, 0.5]), \
        torch.tensor([400.0, 0.0])
    with torch.no_grad():
        expected = theirs(x, time, class_labels=label).sample
        torch.testing.assert_close(ours(x, time, label), expected, atol=1e-5, rtol=1e-4)


def test_an_untrained_network_changes_nothing():
    """The last layer starts at zero, so that x^ = z."""
    rgb, alpha = some_views()
    restorer = SmallRestorer(SmallUNet(TINY))
    out = restorer.restore(rgb, alpha, noise_for(restorer, rgb))
    np.testing.assert_allclose(out, rgb, atol=1e-6)


def test_one_step_is_a_step_along_the_velocity():
    """x^ = y - s v with v = (y - z - F) / s, F seeing y, z, the mask and both times (A.1.2)."""
    net, s = tiny_net(), 0.25
    z, hole, noise = torch.randn(1, 48, 4, 6), torch.rand(1, 16, 4, 6), torch.randn(1, 48, 4, 6)
    level, fidelity = torch.tensor([s]), torch.tensor([24.0])
    y = (1 - s) * z + s * noise
    with torch.no_grad():
        f = net(torch.cat([y, z, hole], 1), LEVEL_SCALE * level, FIDELITY_SCALE * fidelity)
        v = (y - z - f) / s
        out = one_step(net, z, hole, noise, level, fidelity)
    torch.testing.assert_close(out, y - s * v)


def test_unshuffling_puts_neighbours_into_channels():
    image = torch.arange(2 * 8 * 4, dtype=torch.float32).reshape(1, 2, 8, 4)
    out = unshuffle(image)
    assert out.shape == (1, 32, 2, 1)
    assert out[0, 16 + 4 * 3 + 2, 1, 0] == image[0, 1, 7, 2]


def test_the_high_pass_takes_light_and_keeps_detail():
    """Constants and slow waves go, single pixels stay; nothing is off by half a cell."""
    flat = torch.full((1, 3, 32, 32), 0.7)
    assert high_pass(unshuffle(flat), 3).abs().max() < 1e-6
    x = torch.arange(96.0)
    slow = torch.sin(2 * torch.pi * x / 96).expand(1, 3, 96, 96)
    assert high_pass(unshuffle(slow), 3).abs().max() < 0.15
    dot = torch.zeros(1, 3, 32, 32)
    dot[0, 1, 13, 18] = 1
    out = torch.nn.functional.pixel_shuffle(high_pass(unshuffle(dot), 3), 4)
    assert out[0, 1, 13, 18] > 0.95 and out[0, 0].abs().max() == 0
    assert abs(float(out.sum())) < 1e-4
    torch.testing.assert_close(out[0, 1, 10:17, 15:22], out[0, 1, 10:17, 15:22].flip(0, 1))


def test_what_the_network_is_told_matters():
    """Noise, mask, noise level and fidelity all reach the output."""
    restorer = SmallRestorer(tiny_net())
    rgb, alpha = some_views()
    noise = noise_for(restorer, rgb)
    first = restorer.restore(rgb, alpha, noise, 24.0)
    for other in (restorer.restore(rgb, alpha, noise[::-1], 24.0),
                  restorer.restore(rgb, 0 * alpha, noise, 24.0),
                  restorer.restore(rgb, alpha, noise, 24.0, level=0.9),
                  restorer.restore(rgb, alpha, noise, 40.0)):
        assert np.abs(other - first).max() > 1e-4


def test_strength_blends_with_the_render():
    restorer = SmallRestorer(tiny_net())
    rgb, alpha = some_views()
    noise = noise_for(restorer, rgb)
    full = restorer.restore(rgb, alpha, noise)
    np.testing.assert_array_equal(restorer.restore(rgb, alpha, noise, strength=0.0), rgb)
    half = restorer.restore(rgb, alpha, noise, strength=0.5)
    np.testing.assert_allclose(half, 0.5 * (rgb + full), atol=1e-6)


def test_views_do_not_depend_on_their_batch():
    restorer = SmallRestorer(tiny_net())
    rgb, alpha = some_views((3, 16, 32))
    noise = noise_for(restorer, rgb)
    together = restorer.restore(rgb, alpha, noise, 25.0)
    alone = [restorer.restore(rgb[i:i + 1], alpha[i:i + 1], noise[i:i + 1], 25.0)[0]
             for i in range(3)]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_wrong_shapes_are_refused():
    restorer = SmallRestorer(tiny_net())
    rgb, alpha = some_views()
    noise = noise_for(restorer, rgb)
    with pytest.raises(UsageError, match="noise"):
        restorer.restore(rgb, alpha, noise[..., :-1])
    with pytest.raises(UsageError, match="views"):
        restorer.restore(rgb, alpha[:, :-1], noise)


def test_a_weight_file_gives_the_network_back(tmp_path):
    """Up to float16; the shape travels in the file."""
    pytest.importorskip("safetensors")
    net, path = tiny_net(), tmp_path / "net.safetensors"
    write_small(path, net.state_dict(), TINY)
    back = SmallRestorer.read(path)
    assert back.config == TINY
    for name, tensor in net.state_dict().items():
        torch.testing.assert_close(back.net.state_dict()[name], tensor.half().float())


@pytest.mark.parametrize("content", [b"", b"no safetensors at all"])
def test_a_bad_weight_file_is_named(tmp_path, content):
    pytest.importorskip("safetensors")
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(BackendError, match="bad.safetensors holds no small restorer"):
        SmallRestorer.read(path)

@pytest.fixture(scope="module")
def packaged() -> SmallRestorer:
    pytest.importorskip("safetensors")
    return SmallRestorer.packaged()


def test_the_packaged_restorer_sharpens_what_is_blurred(packaged):
    """Edges that a blur took come back, nearer to the truth; a mild input is left nearly alone."""
    from scipy.ndimage import gaussian_filter

    y, x = np.mgrid[:64, :96]
    board = np.where((x // 24 + y // 20) % 2, 0.8, 0.25)[..., None] * np.array([1, 0.9, 0.7])
    truth = np.repeat(board[None], 1, 0).astype(np.float32)
    blurred = gaussian_filter(truth, (0, 2, 2, 0))
    alpha = np.ones(truth.shape[:3], np.float32)
    noise = noise_for(packaged, truth)
    restored = packaged.restore(blurred, alpha, noise, 22.0)

    def edges(image):
        return np.abs(np.diff(image, axis=2)).max(2).mean()

    assert edges(blurred) < edges(restored)
    mild = packaged.restore(truth, alpha, noise, 40.0)
    assert np.abs(mild - truth).mean() < 0.5 * np.abs(restored - blurred).mean()


def test_the_packaged_weights_fit_their_limits(packaged):
    """At most 16 MB, and the shape the model card names."""
    from pathlib import Path

    import codec.restore.small as small

    folder = Path(small.__file__).parent / "weights"
    size = (folder / small.FILE_NAME).stat().st_size
    assert size <= 16_000_000
    card = (folder / "MODEL_CARD.md").read_text("utf-8")
    assert str(size) in card
    assert packaged.config == SmallConfig(detail=3)


# -- the network as specification 7.3 has it, without torch ----------------------------------------


def silu(x):
    return x / (1 + np.exp(-x))


def convolved(x, w, b, stride: int = 1):
    """[C, H, W] by [O, C, k, k], zero padding k // 2."""
    k = w.shape[2]
    padded = np.pad(x, ((0, 0), (k // 2,) * 2, (k // 2,) * 2))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k), (1, 2))
    return np.einsum("chwij,ocij->ohw", windows[:, ::stride, ::stride], w) + b[:, None, None]


class Written:
    """Specification 7.3, word by word, on the tensors of a weight file."""

    def __init__(self, tensors, config: SmallConfig) -> None:
        self.w, self.config = tensors, config

    def conv(self, name, x, stride: int = 1):
        return convolved(x, self.w[f"{name}.weight"], self.w[f"{name}.bias"], stride)

    def linear(self, name, x):
        return self.w[f"{name}.weight"] @ x + self.w[f"{name}.bias"]

    def norm(self, name, x):
        parts = x.reshape(self.config.groups, -1)
        parts = parts - parts.mean(1, keepdims=True)
        parts = parts / np.sqrt((parts**2).mean(1, keepdims=True) + 1e-5)
        weight, bias = self.w[f"{name}.weight"], self.w[f"{name}.bias"]
        return parts.reshape(x.shape) * weight[:, None, None] + bias[:, None, None]

    def embedding(self, name, value):
        half = self.config.channels[0] // 2
        angles = value * np.exp(-np.log(10000) * np.arange(half) / half)
        wave = np.concatenate([np.cos(angles), np.sin(angles)])
        return self.linear(f"{name}.linear_2", silu(self.linear(f"{name}.linear_1", wave)))

    def residual(self, name, x, e):
        h = self.conv(f"{name}.conv1", silu(self.norm(f"{name}.norm1", x)))
        h = h + self.linear(f"{name}.time_emb_proj", silu(e))[:, None, None]
        h = self.conv(f"{name}.conv2", silu(self.norm(f"{name}.norm2", h)))
        shortcut = f"{name}.conv_shortcut"
        return h + (self.conv(shortcut, x) if f"{shortcut}.weight" in self.w else x)

    def __call__(self, planes, level: float, fidelity: float):
        n, layers = len(self.config.channels), self.config.layers
        e = self.embedding("time_embedding", 1000 * level)
        e = e + self.embedding("class_embedding", 16 * fidelity)
        stack = [self.conv("conv_in", planes)]
        x = stack[0]
        for i in range(n):
            for j in range(layers):
                x = self.residual(f"down_blocks.{i}.resnets.{j}", x, e)
                stack.append(x)
            if i < n - 1:
                x = self.conv(f"down_blocks.{i}.downsamplers.0.conv", x, 2)
                stack.append(x)
        for j in range(2):
            x = self.residual(f"mid_block.resnets.{j}", x, e)
        for i in range(n):
            for j in range(layers + 1):
                x = np.concatenate([x, stack.pop()])
                x = self.residual(f"up_blocks.{i}.resnets.{j}", x, e)
            if i < n - 1:
                x = x.repeat(2, 1).repeat(2, 2)
                x = self.conv(f"up_blocks.{i}.upsamplers.0.conv", x)
        out = self.conv("conv_out", silu(self.norm("conv_norm_out", x)))
        return self.high_pass(out)

    def high_pass(self, out):
        h, w = out.shape[1:]
        image = out.reshape(3, 4, 4, h, w).transpose(0, 3, 1, 4, 2).reshape(3, 4 * h, 4 * w)
        low = image
        for k in range(self.config.detail):
            for axis in (2, 1):
                at = np.arange(low.shape[axis])
                before, after = (np.take(low, np.clip(at + d, 0, at[-1]), axis)
                                 for d in (-(1 << k), 1 << k))
                low = (before + 2 * low + after) / 4
        result = image - low if self.config.detail else image
        return result.reshape(3, h, 4, w, 4).transpose(0, 2, 4, 1, 3).reshape(48, h, w)


@pytest.mark.parametrize("config", [
    TINY, SmallConfig((8, 16, 24), 2, 4, detail=3), SmallConfig((8, 12), 1, 4, mask=False)])
def test_the_network_is_the_one_the_specification_writes(config):
    """Part 7.3 alone, in binary64 without torch, gives what the decoder's network gives."""
    net = tiny_net(3, config)
    for parameter in net.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    planes = torch.randn(1, config.in_channels, 4, 8)
    with torch.no_grad():
        found = net(planes, torch.tensor([300.0]), torch.tensor([16 * 23.25]))[0].numpy()
    tensors = {name: t.double().numpy() for name, t in net.state_dict().items()}
    expected = Written(tensors, config)(planes[0].double().numpy(), 0.3, 23.25)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())


# -- training ------------------------------------------------------------------------------------


def write_pairs(folder, count: int = 2, views: int = 3, size=(40, 48)):
    """Pair files of blurred noise against noise."""
    from tools.make_artifacts import Pairs

    rng = np.random.default_rng(3)
    for i in range(count):
        clean = rng.integers(0, 256, (views, *size, 3)).astype(np.uint8)
        degraded = clean // 2 + 64
        Pairs(clean, degraded, np.full((views, *size), 200, np.uint8), np.arange(views) == 0,
              np.full(views, 20.0 + i, np.float32), {"kind": "test"}).save(folder / f"p{i}.npz")


def make_run(tmp_path, stage: str, name: str, **settings):
    from tools.restoring.data import PairPool
    from tools.restoring.stages import Recipe, Run

    recipe = Recipe(stage=stage, net=TINY, side=32, batch=2, lpips=0, dist=1.0, steps=4,
                    half=False, **settings)
    prior = tmp_path / "prior.pt"
    torch.save({"ema": tiny_net(5).state_dict()}, prior)
    return Run(recipe, tmp_path / name, PairPool(tmp_path / "pairs", 0, size=2), None,
               prior=prior)


@pytest.mark.parametrize("stage", ["regress", "prior", "distill"])
def test_every_stage_trains_and_resumes(tmp_path, stage):
    """A run in two pieces ends at the same step, with weights that moved and were kept."""
    from tools.restoring.stages import read_weights, train

    write_pairs(tmp_path / "pairs")
    run = make_run(tmp_path, stage, "run")
    before = {k: v.clone() for k, v in run.net.state_dict().items()}
    assert not train(run, minutes=0)
    run.advance()
    run.advance()
    run.save()
    again = make_run(tmp_path, stage, "run")
    assert again.step == 2
    for name, tensor in run.net.state_dict().items():
        torch.testing.assert_close(again.net.state_dict()[name], tensor)
    assert train(again, minutes=1, keep_every=4) and again.step == 4
    kept = read_weights(tmp_path / "run" / "ema_000004.pt")
    assert any(not torch.equal(kept[name], before[name]) for name in before)
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["stage"] == stage


def test_distribution_matching_pulls_towards_the_truth():
    """With a teacher that knows the truth and a critic that knows the fake, -g points from the
    fake to the truth in both terms (R4)."""
    from tools.restoring.stages import Recipe, Run

    x, fake = torch.zeros(2, 48, 4, 4), torch.ones(2, 48, 4, 4, requires_grad=True)

    class Knows(torch.nn.Module):
        config = TINY

        def __init__(self, guess):
            super().__init__()
            self.guess = guess

        def forward(self, planes, time, label):
            return self.guess(planes[:, :48]) - planes[:, 48:96]

    for alpha in (0.0, 0.7, 1.0):
        run = Run.__new__(Run)
        run.recipe = Recipe(alpha=alpha, normalized=False)
        # Posterior means under N(0, 1) for the truth and N(1, 1) for the fake: shrunk towards each.
        run.teacher, run.critic = Knows(lambda y: 0.5 * y), Knows(lambda y: 0.5 * y + 0.5)
        hole, fidelity = torch.zeros(2, 16, 4, 4), torch.zeros(2)
        (gradient,) = torch.autograd.grad(
            run._matching(fake, x, torch.zeros_like(x), hole, fidelity), fake)
        assert gradient.mean() > 0


def test_lpips_loss_is_the_metric_with_a_gradient():
    from tests.conftest import shared_data
    from tools.metrics.networks import Lpips
    from tools.metrics.weights import WeightSource
    from tools.restoring.losses import LpipsLoss

    source = WeightSource(shared_data("weights"))
    a, b = torch.rand(2, 2, 3, 64, 64) * 2 - 1
    a.requires_grad_(True)
    loss = LpipsLoss("alex", source)(a, b)
    expected = Lpips("alex", source).distance(a.detach(), b).mean()
    torch.testing.assert_close(loss.detach(), expected)
    loss.backward()
    assert a.grad.abs().max() > 0


def test_settings_are_parsed_by_type():
    from tools.restoring.recipes import SMALL, changed

    recipe = changed(SMALL["regress"], ("channels=32,64", "mask=False", "rate=0.1", "steps=7"))
    assert recipe.net.channels == (32, 64) and recipe.net.mask is False
    assert (recipe.rate, recipe.steps) == (0.1, 7)
    with pytest.raises(KeyError):
        changed(SMALL["regress"], ("stage=prior",))


# -- evaluation ----------------------------------------------------------------------------------


class TowardsTruth:
    """A restorer that undoes what `write_pairs` did to the images, half way."""

    def noise_shape(self, height, width):
        return 48, height // 4, width // 4

    def restore(self, rgb, alpha, noise, fidelity, strength, level):
        return rgb + 0.5 * strength * (2 * (rgb - 64 / 255) - rgb)


def test_evaluation_tells_better_from_worse(tmp_path):
    """Held-out views alone; restoring helps, blur and another scene's change do not."""
    from tools.eval_restorer import How, Judge, evaluate
    from tools.restoring.data import PairFile

    write_pairs(tmp_path)
    files = [PairFile.read(tmp_path / f"p{i}.npz") for i in range(2)]
    error = {"error": lambda a, b: float(np.abs(a - b).mean())}
    result = evaluate(files[0], How(TowardsTruth()), Judge(error), files[1])
    assert result["views"] == 1 and result["fidelity"] == pytest.approx(20.0)
    assert result["psnr_change"] > 3 and result["ratio"]["error"] < 0.7
    plain = result["unrestored"]["error"]
    assert result["wrong_scene"]["error"] > result["restored"]["error"]
    assert result["blurred"]["error"] > plain
    none = evaluate(files[0], How(TowardsTruth(), strength=0.0), Judge(error))
    assert none["ratio"]["error"] == pytest.approx(1.0) and none["psnr_change"] == 0
