"""Restorers on tiny random networks of the real classes: exact inputs, seams, masks, adapters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from codec.errors import BackendError, UsageError
from codec.restore import base, colour, gausspainter, mlora, nifi, schedule, tiling
from codec.restore.diffusion import Prompt, add_lora, lora_parameters
from codec.restore.gausspainter import GaussPainter, MaskEmbedding, Skips, gausspainter_params
from codec.restore.gfix import GFix, gfix_params
from codec.restore.img2img import Img2Img, img2img_params
from codec.restore.nifi import NiFi, nifi_params
from codec.restore.small_backend import SmallBackend, fidelity_condition
from codec.restore.weights import PROMPT_FILES
from codec.wire.restorer import RestorerParams
from tests.unit import restore_nets as nets
from tests.unit.restore_nets import one_thread  # noqa: F401

pytest.importorskip("diffusers")
pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning",
                                        "ignore::FutureWarning", "ignore::UserWarning")

SMALL = RestorerParams(
    backbone=nets.MODEL, prediction=schedule.X0, level=schedule.to_fixed(0.3),
    noise_mode=2, noise_scope=1, noise_seed=42, mask=2, condition=90, pad=16,
)


def small(params=SMALL, **given) -> SmallBackend:
    return SmallBackend(params, nets.TinyPixels(112 if params.mask else 96), **given)


def gfix(**changes) -> GFix:
    params = replace(gfix_params(nets.SHA, nets.SHA, nets.SHA), pad=16, tile=0, **changes)
    return GFix(params, nets.tiny_unet(), nets.tiny_kl(), nets.tiny_prompt())


def painter(**changes) -> GaussPainter:
    params = gausspainter_params(nets.SHA, nets.SHA, nets.MODEL, nets.SHA)
    params = replace(params, **({"tile": 0} | changes))
    return GaussPainter(params, nets.tiny_unet(), nets.tiny_taesd(), Skips(8),
                        MaskEmbedding(gausspainter.GRID, nets.WIDTH), nets.tiny_prompt())


def sd3(**changes) -> NiFi:
    params = nifi_params(nets.SHA, nets.SHA, nets.MODEL, nets.SHA, seed=3)
    params = replace(params, tile=0, **changes)
    return NiFi(params, nets.tiny_sd3(), nets.tiny_kl(), nets.tiny_prompt())


def img2img(**changes) -> Img2Img:
    params = replace(img2img_params(nets.SHA, nets.SHA, nets.SHA, seed=9), pad=16, tile=0)
    return Img2Img(replace(params, **changes), nets.tiny_unet(), nets.tiny_kl(),
                   nets.tiny_prompt())


MAKERS = {"small": small, "gfix": gfix, "gausspainter": painter, "nifi": sd3, "img2img": img2img}


# --- the interface --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MAKERS)
def test_images_come_back_in_their_own_size(kind):
    """Odd sizes are padded and cut; values are finite, in 0..1, and not the input's."""
    rgb, alpha = nets.pictures(2, 37, 45)
    out = MAKERS[kind]().restore(rgb, alpha, [0, 1])
    assert out.shape == rgb.shape and out.dtype == np.float32
    assert np.isfinite(out).all() and 0 <= out.min() and out.max() <= 1
    assert np.abs(out - rgb).max() > 0.01


@pytest.mark.parametrize("kind", MAKERS)
def test_inputs_do_not_depend_on_the_batch(kind):
    """R11: decoding twice, and split otherwise, gives equal network inputs, bit for bit."""
    rgb, alpha = nets.pictures(3)
    restorer = MAKERS[kind]()
    whole = restorer.inputs(rgb, alpha, [4, 5, 6])
    again = restorer.inputs(rgb.copy(), alpha, [4, 5, 6])
    alone = [restorer.inputs(rgb[i : i + 1], alpha[i : i + 1], [4 + i]) for i in range(3)]
    for name in ("image", "hole", "noise"):
        value = getattr(whole, name)
        if value is None:
            assert restorer.params.noise_mode != base.FULL
            continue
        assert torch.equal(value, getattr(again, name))
        assert torch.equal(value, torch.cat([getattr(part, name) for part in alone]))


def test_the_small_network_sees_exact_planes():
    """R-RES-04: noised input, render and mask, as plain NumPy computes them in binary64."""
    rgb, alpha = nets.pictures(2, 32, 48)
    restorer = small()
    restorer.restore(rgb, alpha, [7, 8])
    planes, times, labels = restorer.net.seen[0]
    eight = np.floor(255 * rgb.astype(np.float64) + 0.5)
    u = (eight * (2 / 255) - 1).astype(np.float32)
    x = u.reshape(2, 8, 4, 12, 4, 3).transpose(0, 5, 2, 4, 1, 3).reshape(2, 48, 8, 12)
    words = np.stack([np.random.Philox(key=[42, view]).random_raw(48 * 96 // 4)
                      for view in (7, 8)])
    from codec.restore.noise import noise_table

    n = noise_table()[words.view("<u2")].reshape(x.shape) / 4096.0
    s = SMALL.level / (1 << 24)
    y = ((1 - s) * x.astype(np.float64) + s * n).astype(np.float32)
    hole = 1 - np.floor(255 * alpha.astype(np.float64) + 0.5) / 255
    m = hole.astype(np.float32).reshape(2, 8, 4, 12, 4).transpose(0, 2, 4, 1, 3)
    wanted = np.concatenate([y, x, m.reshape(2, 16, 8, 12)], axis=1)
    assert np.array_equal(planes.numpy(), wanted)
    assert np.allclose(times, 300, atol=1e-4) and np.allclose(labels, 16 * 22.5)


def test_without_mask_guidance_no_hole_is_shown():
    """R-RES-04: the planes of m are 0 where `mask` is 0, the others as with it."""
    rgb, alpha = nets.pictures(1, 32, 48)
    net = nets.TinyPixels()
    for mask in (2, 0):
        SmallBackend(replace(SMALL, mask=mask), net).restore(rgb, alpha, [7])
    (guided, *_), (unguided, *_) = net.seen
    assert guided[:, 96:].any() and not unguided[:, 96:].any()
    assert torch.equal(guided[:, :96], unguided[:, :96])


def test_shared_noise_is_the_same_for_all_views():
    """Scope 0 keys all views alike, scope 1 each by its index."""
    rgb, alpha = nets.pictures(2)
    shared = small(replace(SMALL, noise_scope=0)).inputs(rgb, alpha, [1, 2]).noise
    own = small().inputs(rgb, alpha, [1, 2]).noise
    assert torch.equal(shared[0], shared[1]) and not torch.equal(own[0], own[1])


def test_strength_mixes_with_the_render():
    """Strength s gives render + s (restored - render)."""
    rgb, alpha = nets.pictures(1)
    full, half = (small(replace(SMALL, strength=s)).restore(rgb, alpha, [0]) for s in (255, 51))
    plain = base.eight_bits(rgb) / 255
    inside = (full > 0) & (full < 1)
    assert np.allclose(half[inside], (plain + 0.2 * (full - plain))[inside], atol=1e-6)


def test_wrong_shapes_and_devices_are_named():
    """Usage and back-end errors, not tracebacks from inside torch."""
    rgb, alpha = nets.pictures(2)
    with pytest.raises(UsageError):
        small().restore(rgb, alpha[:1], [0, 1])
    with pytest.raises(UsageError):
        base.pick_device("nonsense")
    if not torch.cuda.is_available():
        with pytest.raises(BackendError, match="CUDA"):
            base.pick_device("cuda")


def test_numbers_that_are_none_are_refused():
    """A network that overflows must not give a picture."""
    restorer = small()
    restorer.net.conv_out.bias.data[:] = float("nan")
    rgb, alpha = nets.pictures(1)
    with pytest.raises(BackendError, match="no numbers"):
        restorer.restore(rgb, alpha, [0])


def test_the_real_small_network_is_run_as_its_own_class_runs_it(tmp_path):
    """From a weight file through the registry: the picture `SmallRestorer` gives for the same
    8-bit image and noise."""
    from codec.restore.catalogue import small_settings
    from codec.restore.noise import noise
    from codec.restore.registry import build
    from codec.restore.small import SmallConfig, SmallRestorer, SmallUNet, write_small
    from codec.restore.weights import WeightStore

    torch.manual_seed(0)
    config = SmallConfig(channels=(16, 24), layers=1, groups=8, noise_level=0.25)
    net = SmallUNet(config)
    torch.nn.init.normal_(net.conv_out.weight, std=0.02)
    write_small(tmp_path / "nfx-small.safetensors", net.state_dict(), config)
    store = WeightStore(tmp_path)
    params = replace(small_settings(store, seed=11), condition=96, strength=128)
    rgb, alpha = nets.pictures(1, 37, 45)
    ours = build(params, (), store, device="cpu").restore(rgb, alpha, [3])
    theirs = SmallRestorer.read(tmp_path / "nfx-small.safetensors")
    shape = theirs.noise_shape(37, 45)
    drawn = noise(11, 0, shape)[None]
    eight = (base.eight_bits(rgb) / 255).astype(np.float32)
    wanted = theirs.restore(eight, (base.eight_bits(alpha) / 255).astype(np.float32), drawn,
                            fidelity=24.0, strength=128 / 255)
    assert np.abs(ours - wanted).max() < 1e-4
    assert np.abs(ours - eight).max() > 0.01


def test_fidelity_in_quarters_of_a_decibel():
    assert [fidelity_condition(p) for p in (0, 24.6, 1000)] == [1, 98, 255]


@pytest.mark.parametrize("kind", MAKERS)
def test_half_precision_stays_near(kind):
    """bfloat16 gives about the float32 picture (the tolerance of 7.2)."""
    rgb, alpha = nets.pictures(1, 32, 32)
    maker = MAKERS[kind]
    exact = maker().restore(rgb, alpha, [0])
    restorer = maker()
    restorer.dtype = torch.bfloat16
    for network in restorer.modules().values():
        network.to(torch.bfloat16)
    if kind == "gausspainter":
        restorer.skips.to(torch.bfloat16)
        restorer.mask.to(torch.bfloat16)
    rough = restorer.restore(rgb, alpha, [0])
    assert -10 * np.log10(np.mean((exact - rough) ** 2)) > 30


# --- masks ----------------------------------------------------------------------------------------


def test_full_coverage_is_mask_off():
    """R9: with A = 1 everywhere the mask changes nothing, in GaussPainter and the small one."""
    rgb, _ = nets.pictures(1, 64, 64)
    full = np.ones(rgb.shape[:3], np.float32)
    masked, plain = painter(), painter(mask=0, mask_grid=0)
    for restorer in (masked, plain):
        torch.manual_seed(0)
        torch.nn.init.normal_(restorer.mask.linear.weight)
    assert np.array_equal(masked.restore(rgb, full, [0]), plain.restore(rgb, full, [0]))
    holes = full.copy()
    holes[:, :30, :20] = 0
    assert not np.array_equal(masked.restore(rgb, holes, [0]), plain.restore(rgb, holes, [0]))
    with_plane, without = small(), small(replace(SMALL, mask=0))
    without.net.load_state_dict(with_plane.net.state_dict() | {
        "conv_in.weight": with_plane.net.conv_in.weight[:, :96]})
    found = [r.restore(rgb, full, [0]) for r in (with_plane, without)]
    assert np.allclose(*found, atol=1e-6)


def test_an_untrained_mask_embedding_does_nothing():
    """Zero-initialised, as in ExGS."""
    rgb, alpha = nets.pictures(1, 64, 64)
    assert np.array_equal(painter().restore(rgb, alpha, [0]),
                          painter(mask=0, mask_grid=0).restore(rgb, alpha, [0]))


# --- tiles and colour -----------------------------------------------------------------------------


def test_tiles_cover_and_end_flush():
    """Origins of the tiles; windows sum to one after the division, so a constant stays."""
    assert tiling.tile_origins(100, 64, 16) == [0, 36]
    assert tiling.tile_origins(64, 64, 16) == [0]
    assert tiling.tile_origins(200, 64, 16) == [0, 48, 96, 136]

    def constant(rows, columns):
        return torch.full((1, 2, rows.stop - rows.start, columns.stop - columns.start), 3.0)

    out = tiling.blended(constant, (100, 40), (64, 16, 64))
    assert out.shape == (1, 2, 100, 40) and torch.allclose(out, torch.tensor(3.0))


def test_a_position_wise_network_has_no_seams():
    """What looks at single positions gives the same with tiles and without."""
    plane = torch.randn(1, 3, 90, 130, generator=torch.Generator().manual_seed(0))
    out = tiling.blended(lambda r, c: plane[:, :, r, c] ** 2, (90, 130), (32, 8, 32))
    assert torch.allclose(out, plane**2, atol=1e-5)


def test_seams_are_blended():
    """Tiles that disagree meet in a ramp, not in a step."""
    values = iter(range(100))
    out = tiling.blended(
        lambda r, c: torch.full((1, 1, r.stop - r.start, c.stop - c.start), float(next(values))),
        (32, 80), (32, 16, 32))
    steps = out[0, 0, 0].diff().abs()
    assert steps.max() < 0.2 and out[0, 0, 0, 0] == 0 and out[0, 0, 0, -1] > 2


@pytest.mark.parametrize("kind", ["gfix", "small"])
def test_tiled_restoration_runs_and_is_near(kind):
    """A tiled picture resembles the untiled one; small images are not tiled."""
    rgb, alpha = nets.pictures(1, 96, 160)
    smooth = np.full_like(rgb, 0.4)
    tiled = {"tile": 8, "overlap": 2, "untiled": 1}
    if kind == "small":
        makers = (small(), small(replace(SMALL, noise_mode=1, **tiled)),
                  small(replace(SMALL, noise_mode=1)))
    else:
        params = replace(gfix_params(nets.SHA, nets.SHA, nets.SHA), pad=16, **tiled)
        makers = (None, GFix(params, nets.tiny_unet(), nets.tiny_kl(), nets.tiny_prompt()), gfix())
    a, b = (r.restore(smooth, np.ones_like(alpha), [0]) for r in makers[1:])
    assert np.abs(a - b).mean() < 0.1
    assert not np.array_equal(a, b)


def test_colour_fixes_bring_the_colours_back():
    """AdaIN: mean and deviation of the render; wavelet: its low frequencies."""
    generator = torch.Generator().manual_seed(1)
    render = 0.2 + 0.1 * torch.randn(1, 3, 80, 80, generator=generator)
    restored = 0.7 + 0.5 * torch.randn(1, 3, 80, 80, generator=generator)
    adain = colour.colour_fixed(restored, render, 1)
    assert torch.allclose(adain.mean((2, 3)), render.mean((2, 3)), atol=1e-5)
    assert torch.allclose(adain.std((2, 3)), render.std((2, 3)), atol=1e-4)
    wavelet = colour.colour_fixed(restored, render, 2)
    assert abs(float(wavelet.mean() - render.mean())) < 0.02
    assert torch.equal(colour.colour_fixed(restored, render, 0), restored)
    assert torch.allclose(colour.colour_fixed(render, render, 2), render, atol=1e-6)


# --- kinds ----------------------------------------------------------------------------------------


def test_scaled_mean_with_a_silent_network_is_the_autoencoder():
    """Noise mode 1: a zero output is the identity on latents."""
    restorer = gfix(noise_mode=1)
    torch.nn.init.zeros_(restorer.backbone.conv_out.weight)
    torch.nn.init.zeros_(restorer.backbone.conv_out.bias)
    rgb, alpha = nets.pictures(1, 32, 32)
    given = restorer.inputs(rgb, alpha, [0])
    with torch.inference_mode():
        latent = restorer.autoencoder.encode(given.image).latent_dist.mean
        wanted = restorer.autoencoder.decode(latent).sample / 2 + 0.5
        assert torch.allclose(restorer.run(given), wanted, atol=1e-4)


def test_raw_mode_multiplies_by_one_over_a():
    """Noise mode 0 with a zero output gives 1.15 z, as in Difix."""
    restorer = gfix()
    a, b = restorer.params.signal_and_noise
    assert abs(1 / a - 1.1506890) < 1e-6 and abs(b / a - 0.5692853) < 1e-6
    z = torch.ones(1, 4, 2, 2)
    estimate = schedule.clean_estimate(z, 0 * z, restorer.params.prediction, a, b)
    assert torch.allclose(estimate, torch.tensor(1.1506890))


def test_nifi_takes_one_velocity_step():
    """x^ = y - (s0 - s_end) v with y = (1 - s0) z + s0 n, by hand."""
    restorer = sd3()
    rgb, alpha = nets.pictures(1, 32, 32)
    given = restorer.inputs(rgb, alpha, [5])
    s = restorer.params.level / (1 << 24)
    assert abs(s - 0.1979167) < 1e-6
    with torch.inference_mode():
        z = restorer.scale * restorer.autoencoder.encode(given.image).latent_dist.mean
        y = (1 - s) * z + s * given.noise
        p = restorer.prompt
        v = restorer.backbone(hidden_states=y, timestep=torch.tensor([199.0]),
                              encoder_hidden_states=p.prompt[None],
                              pooled_projections=p.pooled[None]).sample
        wanted = restorer.autoencoder.decode((y - s * v) / restorer.scale).sample / 2 + 0.5
        assert torch.allclose(restorer.run(given), wanted, atol=1e-4)
    released = nifi_params(nets.SHA, nets.SHA, nets.MODEL, nets.SHA, released=True)
    assert abs((released.level - released.end_level) / (1 << 24) - 0.1949226) < 1e-6


def test_guidance_needs_the_empty_prompt():
    """With guidance the output moves away from the empty text's; without its tensor: an error."""
    rgb, alpha = nets.pictures(1, 32, 32)
    plain, guided = gfix(), gfix(guidance=512)
    assert not np.array_equal(plain.restore(rgb, alpha, [0]), guided.restore(rgb, alpha, [0]))
    guided.prompt = Prompt(guided.prompt.prompt)
    with pytest.raises(BackendError, match="null"):
        guided.restore(rgb, alpha, [0])


def test_skips_and_untrained_adapters_leave_taesd_nearly_alone():
    """Rank-4 adapters begin as zero; skips at 1e-5 change the picture by less than 1 %."""
    autoencoder = nets.tiny_taesd()
    assert gausspainter.encoder_taps(autoencoder) == [1, 5, 9, 13]
    assert gausspainter.decoder_taps(autoencoder) == [2, 6, 11, 16]
    restorer = painter()
    image = restorer.inputs(*nets.pictures(1, 64, 64), [0]).image
    with torch.inference_mode():
        latent, side = restorer.encode(image)
        assert torch.allclose(latent, autoencoder.encode(image).latents, atol=1e-5)
        with_skips, without = restorer.decode(latent, side), autoencoder.decode(latent).sample
        assert (with_skips - without).abs().max() < 0.01 * without.abs().max()
        add_lora(restorer.autoencoder, gausspainter.adapted_layers(restorer.autoencoder), 4, 4)
        assert torch.equal(restorer.decode(latent, side), with_skips)


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    """Tiny models saved as the hub's folders are, with adapters and prompts."""
    from safetensors.torch import save_file

    root = tmp_path_factory.mktemp("models")
    sd3_title = root / "stabilityai/stable-diffusion-3-medium-diffusers"
    transformer, sd3_vae, taesd = nets.tiny_sd3(), nets.tiny_kl(), nets.tiny_taesd()
    for network, folder in ((nets.tiny_unet(), root / "stabilityai/sd-turbo/unet"),
                            (nets.tiny_kl(), root / "stabilityai/sd-turbo/vae"),
                            (taesd, root / "madebyollin/taesd"),
                            (transformer, sd3_title / "transformer"),
                            (sd3_vae, sd3_title / "vae")):
        network.save_pretrained(folder)
    nifi.adapt(transformer, sd3_vae)
    add_lora(taesd, gausspainter.adapted_layers(taesd), 4, 4)
    parts = {"transformer.": lora_parameters(transformer), "autoencoder.": lora_parameters(sd3_vae)}
    _save_adapters(root / "nifi", parts)
    _save_adapters(root / "gausspainter", {
        "autoencoder.": lora_parameters(taesd), "skips.": Skips(8).state_dict(),
        "mask.": MaskEmbedding(gausspainter.GRID, nets.WIDTH).state_dict()})
    (root / "prompts").mkdir()
    prompt = nets.tiny_prompt()
    for name in PROMPT_FILES.values():
        save_file({k: getattr(prompt, k) for k in Prompt.__slots__}, root / "prompts" / name)
    return root


def _save_adapters(folder, parts) -> None:
    from safetensors.torch import save_file

    folder.mkdir()
    save_file({prefix + name: 0.1 + tensor.detach().contiguous() for prefix, state in parts.items()
               for name, tensor in state.items()}, folder / "adapters.safetensors")


@pytest.mark.parametrize("kind", ["nifi", "gausspainter", "gfix", "img2img"])
def test_each_kind_loads_what_an_encoder_signalled(kind, model_folder):
    """Settings with the hashes of a folder; a restorer from it; other weights are refused."""
    from codec.restore.catalogue import settings_for
    from codec.restore.registry import build
    from codec.restore.weights import WeightStore
    from codec.wire.restorer import read_restorer, write_restorer

    store = WeightStore(model_folder)
    params = settings_for(kind, store, seed=5)
    assert read_restorer(write_restorer(params)) == params and params.kind_name == kind
    restorer = build(params, (), store, device="cpu")
    rgb, alpha = nets.pictures(1, 64, 64)
    out = restorer.restore(rgb, alpha, [0])
    assert np.isfinite(out).all() and np.abs(out - rgb).max() > 0.01
    wrong = replace(params, backbone=replace(params.backbone, sha256=bytes(32)))
    with pytest.raises(BackendError, match="other weights"):
        build(wrong, (), store, device="cpu")
    lost = replace(params, prompt_sha256=bytes(32))
    with pytest.raises(BackendError, match="prompt"):
        build(lost, (), store, device="cpu")


def full_size_networks():
    """The papers' networks on the meta device, configurations as published."""
    from diffusers import (
        AutoencoderKL,
        AutoencoderTiny,
        SD3Transformer2DModel,
        UNet2DConditionModel,
    )

    vae = dict(block_out_channels=(128, 256, 512, 512), layers_per_block=2,
               down_block_types=("DownEncoderBlock2D",) * 4,
               up_block_types=("UpDecoderBlock2D",) * 4)
    with torch.device("meta"):
        unet = UNet2DConditionModel(
            sample_size=64, block_out_channels=(320, 640, 1280, 1280), cross_attention_dim=1024,
            attention_head_dim=[5, 10, 20, 20], use_linear_projection=True)
        transformer = SD3Transformer2DModel(
            sample_size=128, num_layers=24, num_attention_heads=24, attention_head_dim=64,
            joint_attention_dim=4096, caption_projection_dim=1536, pooled_projection_dim=2048,
            pos_embed_max_size=192)
        return (unet, AutoencoderKL(latent_channels=4, **vae), AutoencoderTiny(), transformer,
                AutoencoderKL(latent_channels=16, use_quant_conv=False, use_post_quant_conv=False,
                              **vae))


def count(parameters) -> int:
    return sum(p.numel() for p in parameters)


def test_full_size_adapters_have_the_papers_sizes():
    """Layer lists of NiFi, ExGS and GFix on the real architectures."""
    unet, kl, taesd, transformer, sd3_vae = full_size_networks()
    assert count(unet.parameters()) == 865_910_724 and count(kl.parameters()) == 83_653_863
    assert count(transformer.parameters()) == 2_028_328_000
    assert len(nifi.transformer_layers(transformer, critic=True)) == 168
    with torch.device("meta"):
        nifi.adapt(transformer, sd3_vae)
        add_lora(taesd, gausspainter.adapted_layers(taesd), 4, 4)
        assert count(Skips().parameters()) == 16_384
    for network, layers, size in ((transformer, 266, 89_268_224), (sd3_vae, 31, 5_910_208),
                                  (taesd, 35, 87_196)):
        found = lora_parameters(network)
        assert (len(found) // 2, count(found.values())) == (layers, size)
    modules = {"backbone": unet, "autoencoder": kl}
    sizes = {1: 40, 2: 128, 3: 282, 4: 66}
    assert {code: len(mlora.layer_list(modules, code)) for code in sizes} == sizes
    lists = {code: mlora.layer_list(modules, code) for code in (1, 2)}
    for rank, full, diagonal in ((16, 9_753, 615), (64, 152_873, 2_411), (512, 6_407_465, 14_251)):
        ranks = [min(rank, layer.full_rank) for layer in lists[1]]
        assert (sum(r * r for r in ranks), sum(ranks)) == (full, diagonal)
    ranks = [min(256, layer.full_rank) for layer in lists[2]]
    assert (sum(r * r for r in ranks), sum(ranks)) == (8_388_608, 32_768)
