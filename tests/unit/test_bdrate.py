"""BD-rate: the package's numbers, published anchors, and no number where there is none."""

from __future__ import annotations

import math

import pytest

from tools.bdrate import bd_rate, overlap_share, read_points, rising_front, suspicious

bjontegaard = pytest.importorskip("bjontegaard")

# JCTVC-E137's anchors with the BD-rates published for them (also in VMAF's tests).
E137 = [
    ([(108048.8736, 43.6471), (61279.976, 40.3953), (33905.6656, 37.247), (18883.6928, 34.2911)],
     [(108061.2784, 43.6768), (61299.9936, 40.4232), (33928.7472, 37.2761), (18910.912, 34.3147)],
     -0.465215420752807),
    ([(40433.8848, 37.5761), (7622.7456, 35.3756), (2394.488, 33.8977), (1017.6184, 32.0603)],
     [(40370.12, 37.5982), (7587.0024, 35.4025), (2390.0944, 33.9194), (1017.0984, 32.0822)],
     -1.8779823450567612),
]
ANCHOR = [(100, 20.0), (200, 24.0), (400, 28.0), (800, 31.0), (1600, 33.0)]


def half(points):
    return [(rate / 2, quality) for rate, quality in points]


@pytest.mark.parametrize(("anchor", "test", "published"), E137)
def test_published_anchors(anchor, test, published):
    assert bd_rate(anchor, test).percent == pytest.approx(published, abs=1e-6)


def test_equal_to_the_package_called_by_hand():
    test = [(90, 21.0), (170, 24.5), (390, 29.0), (700, 31.5)]
    result = bd_rate(ANCHOR, test[::-1])
    for method, ours in (("pchip", result.percent), ("akima", result.akima)):
        by_hand = bjontegaard.bd_rate(
            [r for r, _ in ANCHOR], [q for _, q in ANCHOR], [r for r, _ in test],
            [q for _, q in test], method=method, require_matching_points=False, min_overlap=0)
        assert ours == by_hand
    assert result.points == (5, 4) and result.dropped == 0


def test_half_the_bytes_is_minus_fifty_percent():
    assert bd_rate(ANCHOR, half(ANCHOR)).percent == pytest.approx(-50)


def test_lower_is_better_metrics_give_the_same_sign():
    """The negated curve: a codec with half the bytes at equal LPIPS gains 50 % too."""
    lpips = [(rate, 1 - quality / 40) for rate, quality in ANCHOR]
    assert bd_rate(lpips, half(lpips), higher_is_better=False).percent == pytest.approx(-50)


def test_no_number_below_half_overlap():
    far = [(rate, quality + 7) for rate, quality in ANCHOR]
    result = bd_rate(ANCHOR, far)
    assert result.percent is None and result.akima is None
    assert result.overlap == pytest.approx(6 / 20) and "30%" in result.why
    near = [(rate, quality + 4) for rate, quality in ANCHOR]
    assert bd_rate(ANCHOR, near).percent is not None


def test_no_number_below_four_points():
    result = bd_rate(ANCHOR, ANCHOR[:3])
    assert result.percent is None and "4 points" in result.why


def test_only_points_worth_choosing_count():
    """Larger files of no better quality, and lossless ones (infinite dB), leave the curve."""
    points = [*ANCHOR, (900, 30.0), (1700, 33.0), (9000, math.inf), (400, 27.0)]
    assert rising_front(points) == [(r, q) for r, q in ANCHOR]
    result = bd_rate(ANCHOR, points)
    assert result.percent == pytest.approx(0) and result.dropped == 4


def test_crossing_curves_are_marked():
    flat = [(50, 21.0), (200, 23.5), (900, 28.0), (4000, 32.0)]
    assert bd_rate(ANCHOR, flat).cross
    assert not bd_rate(ANCHOR, half(ANCHOR)).cross


def test_akima_far_from_pchip_is_suspicious():
    """Four points with a knee: the two interpolations disagree."""
    result = bd_rate(ANCHOR, half(ANCHOR))
    assert not suspicious(result)
    knee = [(100, 20.0), (110, 31.9), (1400, 32.0), (1600, 33.0)]
    assert suspicious(bd_rate(ANCHOR, knee))


def test_overlap_is_what_the_package_counts():
    assert overlap_share(rising_front(ANCHOR), [(1, 26.5), (2, 39.5)]) == pytest.approx(6.5 / 19.5)


def test_reads_csv_with_a_header(tmp_path):
    file = tmp_path / "points.csv"
    file.write_text("bytes,psnr\n100,20.5\n200,24\n")
    assert read_points(file) == [(100, 20.5), (200, 24)]
