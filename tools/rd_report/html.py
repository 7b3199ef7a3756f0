"""report.html: one self-contained page."""

from __future__ import annotations

import math
from html import escape

from tools.metrics.suite import LABELS, LOWER_IS_BETTER
from tools.rd_report.summary import pairs_of
from tools.rd_report.svg import colour, format_bytes, legend, rd_plot

STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:1240px;margin:2em auto;padding:0 1em;color:#111}
table{border-collapse:collapse;font-size:13px;margin:.6em 0}
td,th{border:1px solid #ccc;padding:3px 7px;text-align:right;vertical-align:top}
td:first-child,th:first-child{text-align:left}
.plots{display:flex;flex-wrap:wrap;gap:14px}.plot{width:560px;max-width:100%;font-size:11px}
.plots h4{margin:.2em 0}.legend span{display:inline-block;margin-right:1.1em}
.legend i{display:inline-block;width:11px;height:11px;margin-right:4px}
.strip{display:flex;flex-wrap:wrap;gap:8px}.strip figure{margin:0;width:200px}
.strip img{width:200px;image-rendering:pixelated;display:block}figcaption{font-size:12px}
.bar{display:flex;height:16px;width:420px}.bar i{display:block;height:100%}
.good{background:#e5f5e0}.bad{background:#fde0dd}small,.note{color:#555}
"""


def page(report: dict) -> str:
    """The whole page from the content of results.json."""
    sections = [
        _head(report), _bd_section(report), _average_plots(report),
        *[_scene_section(report, scene) for scene in report["scenes"]],
        _published_section(report), _metrics_section(report), _codecs_section(report),
    ]
    return ("<!doctype html><html lang=en><meta charset=utf-8>"
            "<meta name=viewport content='width=device-width,initial-scale=1'>"
            f"<title>Rate-distortion report</title><style>{STYLE}</style>"
            + "".join(sections) + "</html>\n")


def _head(report: dict) -> str:
    items = []
    for scene in report["scenes"]:
        items.append(
            f"<li><b>{escape(scene['name'])}</b>: {scene['n_gaussians']:,} Gaussians, SH degree "
            f"{scene['sh_degree']}, {format_bytes(scene['bytes'])}; {escape(scene['statement'])}")
    failures = "".join(f"<li>{escape(line)}" for line in report["failures"])
    failed = f"<h3>Failed</h3><ul>{failures}</ul>" if failures else ""
    return ("<h1>Rate-distortion report</h1>"
            f"<p class=note>Made {escape(report['date'])} by <code>{escape(report['command'])}"
            f"</code></p><ul>{''.join(items)}</ul>"
            "<p>Rate is every byte of the file. Images are compared with "
            f"<b>{escape(report['reference_line'])}</b>; “PSNR to the original” compares with the "
            "renders of the uncompressed scene whatever the reference is. Times are those of whole "
            f"processes on {escape(report['machine'])}.</p>{failed}")


def _bd_cell(entry: dict | None) -> str:
    if entry is None:
        return "<td>"
    if entry["percent"] is None:
        whys = {e["why"] for e in entry["each"].values()}
        return f"<td><small title='{escape('; '.join(sorted(whys)))}'>no number</small>"
    marks = ("†" if entry["cross"] else "") + ("‡" if entry["suspicious"] else "")
    tip = "; ".join(
        f"{scene}: {'no number' if e['percent'] is None else format(e['percent'], '+.2f') + ' %'}, "
        f"overlap {e['overlap']:.0%}" for scene, e in entry["each"].items())
    kind = "good" if entry["percent"] < 0 else "bad"
    return (f"<td class={kind} title='{escape(tip)}'>{entry['percent']:+.1f} %{marks}<br><small>"
            f"Akima {entry['akima']:+.1f}, overlap {entry['overlap']:.0%}, "
            f"{entry['scenes']}/{entry['of']} scenes</small>")


def _bd_section(report: dict) -> str:
    metrics = report["metric_names"]
    head = "".join(f"<th>{escape(LABELS.get(m, m))}" for m in metrics)
    rows = "".join(
        f"<tr><td>{escape(codec)}" + "".join(_bd_cell(by_metric.get(m)) for m in metrics)
        for codec, by_metric in report["bd_rate"].items())
    return ("<h2>BD-rate of nfx against each codec</h2><p>Mean change of file size at equal "
            "quality (negative: nfx is smaller), PCHIP by the bjontegaard package, computed scene "
            "by scene, then averaged. No number below half overlap of the quality ranges or four "
            "points on a rising curve. † curves cross. ‡ Akima differs by more than 5 % of the "
            "rate.</p>"
            f"<table><tr><th>anchor{head}</tr>{rows}</table>")


def _plots(curves: dict[str, list[dict]], report: dict) -> str:
    order = report["codec_names"]
    parts = []
    for metric in report["metric_names"]:
        series = {codec: pairs_of(points, metric) for codec, points in curves.items()}
        raw = [p["metrics"].get(metric, math.nan) for p in curves.get("ply", [])
               if p["value"] == 1]
        level = ("uncompressed", raw[0]) if raw else None
        arrow = "lower is better" if metric in LOWER_IS_BETTER else "higher is better"
        title = f"{LABELS.get(metric, metric)} ({arrow})"
        parts.append(f"<div><h4>{escape(title)}</h4>"
                     f"{rd_plot(series, LABELS.get(metric, metric), order, level=level)}</div>")
    return legend(order) + f'<div class="plots">{"".join(parts)}</div>'


def _average_plots(report: dict) -> str:
    if len(report["scenes"]) < 2:
        return ""
    return ("<h2>Mean over scenes</h2><p>Each scene's points first, then their mean, rung by rung."
            f"</p>{_plots(report['averages'], report)}{_points_table(report['averages'], report)}")


def _scene_section(report: dict, scene: dict) -> str:
    curves = report["curves"][scene["name"]]
    return (f"<h2>{escape(scene['name'])}</h2><p>{escape(scene['statement'])}</p>"
            + _plots(curves, report) + _strip(report, scene["name"])
            + _breakdown(curves.get("nfx", [])) + _points_table(curves, report))


def _strip(report: dict, scene: str) -> str:
    strip = report["strips"].get(scene)
    if not strip:
        return ""

    def figure(image: str, caption: str, page: str = "") -> str:
        link = f' <a href="{escape(page)}">side by side, in 3D</a>' if page else ""
        return (f'<figure><img alt="" src="data:image/jpeg;base64,{image}">'
                f"<figcaption>{escape(caption)}{link}</figcaption></figure>")

    figures = [figure(image, name) for name, image in strip["crops"].items()]
    for crop in strip["codecs"]:
        caption = f"{crop['codec']}, {format_bytes(crop['bytes'])} ({crop['rate']})"
        figures.append(figure(crop["image"], caption, crop.get("page", "")))
    return (f"<h3>At equal bytes: {format_bytes(strip['budget'])}</h3><p>Test view "
            f"{escape(strip['view'])}, the crop with the most detail. Shares of Gaussians are "
            "interpolated to meet the size; a codec that has nothing smaller shows its least."
            f"</p><div class='strip'>{''.join(figures)}</div>")


def _breakdown(points: list[dict]) -> str:
    if not points or not any(point["components"] for point in points):
        return ""
    names = list(dict.fromkeys(n for p in points for n in p["components"]))
    rows = []
    for point in points:
        parts = point["components"]
        total = sum(parts.values()) or 1
        bars = "".join(f'<i style="width:{100 * parts.get(n, 0) / total:.2f}%;background:'
                       f'{colour(names.index(n) + 1)}"></i>' for n in parts)
        cells = "".join(f"<td>{parts.get(n, 0):,}" for n in names)
        rows.append(f"<tr><td>{escape(point['rate'])}<td>{point['bytes']:,}{cells}"
                    f'<td><div class="bar">{bars}</div>')
    head = "".join(f'<th style="color:{colour(i + 1)}">{escape(n)}' for i, n in enumerate(names))
    return ("<h3>Where the bytes of nfx go</h3><p>By <code>splatdec --info --json</code>; decoder "
            "weights: none (no restorer in these files).</p>"
            f"<table><tr><th>rate<th>bytes{head}<th>share</tr>{''.join(rows)}</table>")


def _value(value: float | None) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return "∞" if math.isinf(value) else f"{value:.4g}"


def _points_table(curves: dict[str, list[dict]], report: dict) -> str:
    metrics = report["metric_names"]
    head = "".join(f"<th>{escape(LABELS.get(m, m))}" for m in metrics)
    rows = []
    for codec, points in curves.items():
        for p in points:
            cells = "".join(f"<td>{_value(p['metrics'].get(m))}" for m in metrics)
            rows.append(
                f"<tr><td>{escape(codec)}<td>{escape(p['rate'])}<td>{p['bytes']:,.0f}"
                f"<td>{8 * p['bytes'] / max(p['n_gaussians'], 1):.1f}<td>{p['n_gaussians']:,.0f}"
                f"{cells}<td>{p['encode_s']:.1f}<td>{p['decode_s']:.2f}<td>{p['encode_mb']:.0f}"
                f"<td>{p['decode_mb']:.0f}")
    return ("<details><summary>All points, times and memory</summary><table><tr><th>codec<th>rate"
            f"<th>bytes<th>bits per kept Gaussian<th>Gaussians{head}<th>encode s<th>decode s"
            f"<th>encode peak MB<th>decode peak MB</tr>{''.join(rows)}</table></details>")


def _published_section(report: dict) -> str:
    blocks = []
    for dataset, points in report["published"].items():
        order = list(dict.fromkeys(p["codec"] for p in points))
        plots = []
        for metric in ("psnr", "ssim", "lpips"):
            series = {c: pairs_of([p for p in points if p["codec"] == c], metric) for c in order}
            plots.append(f"<div>{rd_plot(series, metric.upper(), order, lines=False)}</div>")
        sources = "; ".join(sorted({p["source"] for p in points}))
        blocks.append(f"<h3>{escape(dataset)} ({points[0]['scenes']} scenes)</h3>"
                      f"<p class=note>{escape(sources)}</p>{legend(order)}"
                      f'<div class="plots">{"".join(plots)}</div>')
    return ("<h2>Published points, not measured here</h2><p>Other scenes, other renderers, "
            "CUDA-only codecs among them: for orientation, not to be read against the curves "
            "above.</p>"
            f"<details><summary>Show</summary>{''.join(blocks)}</details>")


def _metrics_section(report: dict) -> str:
    rows = "".join(f"<tr><td>{escape(LABELS.get(n, n))}<td style='text-align:left'>{escape(v)}"
                   for n, v in report["metrics"].items())
    out = "".join(f"<li>{escape(LABELS.get(n, n))}: {escape(why)}"
                  for n, why in report["metrics_left_out"].items())
    return (f"<h2>Metrics</h2><table>{rows}</table><h3>Left out</h3><ul>{out or '<li>none'}</ul>")


def _codecs_section(report: dict) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}" + "".join(
            f"<td style='text-align:left'>{escape(info[key])}"
            for key in ("about", "version", "command"))
        for name, info in report["codecs"].items())
    out = "".join(f"<li>{escape(n)}: {escape(w)}" for n, w in report["codecs_left_out"].items())
    return (f"<h2>Codecs</h2><table><tr><th>name<th>what<th>version<th>command</tr>{rows}</table>"
            f"<h3>Left out</h3><ul>{out or '<li>none'}</ul>")
