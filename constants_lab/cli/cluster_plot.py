"""Pictures of a clustering: delta against the rate, one panel a regime, as PNG or as a page that needs no network.

Clusters with a label have the colour of their constant, others pale colours of their own, noise is grey.  Formulas of one
cluster that fall on the same spot are drawn once.  The rate of factorial convergence is a whole number, so there formulas stand
beside it by their c.
"""

from __future__ import annotations

import colorsys
import html
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constants_lab.cli.files import check_place, replacing
from constants_lab.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from constants_lab.clustering import Features
    from constants_lab.refinement import Refined

__all__ = ["check_picture", "draw"]

_SUFFIXES = (".png", ".html")
_MOST = {".png": 100_000, ".html": 25_000}
"""Points of a panel."""
_COLOURS = (
    "#d62728", "#1f77b4", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b", "#e377c2", "#17becf", "#bcbd22", "#0b3d91", "#00a878",
)  # fmt: skip
_OTHER = "#404040"
_TURN = 0.6180339887498949
_NOISE = "#c8c8c8"


def check_picture(path: Path) -> None:
    """Raise :class:`InputError` unless a picture can be written to ``path``."""
    if path.suffix.lower() not in _SUFFIXES:
        raise InputError(f"a picture is a .png or .html file, not {path.name!r}: change the name after --plot")
    check_place(path, "picture")


def draw(path: Path, features: Features, refined: Refined) -> None:
    """Draw the clusters; the file is there whole or not at all, and replaces one of that name.

    Raises as :func:`constants_lab.cli.files.replacing`.
    """
    check_picture(path)
    suffix = path.suffix.lower()
    panels = list(_panels(features, refined, _MOST[suffix]))
    colours = _constant_colours(refined)
    with replacing(path, "picture") as unfinished:
        (_draw_png if suffix == ".png" else _draw_html)(unfinished, panels, colours)


@dataclass(frozen=True, eq=False)
class _Panel:
    """The points of a regime: ``across`` is where they stand on the axis of the rate, ``log`` if that is logarithmic.

    ``cluster`` is -1 for noise, and a constant None without a label.
    """

    regime: str
    across: np.ndarray
    rate: np.ndarray
    delta: np.ndarray
    cluster: np.ndarray
    constants: list[str | None]
    log: bool

    def colours(self, of_constant: dict[str, str]) -> list[str]:
        """One for each point."""
        return [
            _NOISE if number < 0 else of_constant.get(name, _OTHER) if name else _pale(number)
            for number, name in zip(self.cluster.tolist(), self.constants, strict=True)
        ]


def _panels(features: Features, refined: Refined, most: int) -> Iterator[_Panel]:
    import numpy as np

    from constants_lab.clustering import REGIMES, UNCLUSTERED

    for regime in REGIMES:
        if regime in UNCLUSTERED:
            continue
        here = np.flatnonzero((features.regime == regime) & np.isfinite(features.delta) & np.isfinite(features.rate))
        if not len(here):
            continue
        rate, delta, cluster = features.rate[here], features.delta[here], refined.numbers[here]
        positive = rate > 0
        log = bool(regime != "factorial" and positive.all() and rate.max() > 20 * rate.min())
        across = _spread(rate, features.linear_growth[here]) if regime == "factorial" else rate
        shown = _spots(np.log(across) if log else across, delta, cluster, most)
        # Those with a label are drawn last, so that they are seen.
        labels = [None if number < 0 else refined.constants[number] for number in cluster[shown].tolist()]
        order = sorted(range(len(shown)), key=lambda i: (cluster[shown[i]] >= 0, labels[i] is not None))
        shown = shown[order]
        yield _Panel(regime, across[shown], rate[shown], delta[shown], cluster[shown], [labels[i] for i in order], log)


def _spread(rate: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Rates that are whole numbers, spread by up to 0.35 to both sides by the order of c."""
    import numpy as np

    place = np.searchsorted(np.sort(c), c) / len(c)
    return rate + 0.7 * (place - 0.5)


def _spots(x: np.ndarray, y: np.ndarray, cluster: np.ndarray, most: int) -> np.ndarray:
    """One point of each cluster for each spot of a raster that is coarsened until at most so many are left."""
    import numpy as np

    steps = 2000
    while True:
        columns = [np.round((v - v.min()) / (np.ptp(v) or 1.0) * steps).astype(np.int64) for v in (x, y)]
        _, first = np.unique(np.column_stack([*columns, cluster]), axis=0, return_index=True)
        if len(first) <= most or steps < 10:
            return first[:most]
        steps = steps * 2 // 3


def _pale(number: int) -> str:
    red, green, blue = colorsys.hls_to_rgb(number * _TURN % 1.0, 0.78, 0.35)
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def _constant_colours(refined: Refined) -> dict[str, str]:
    """Colours of constants, those of most formulas first; what is not among the first has :data:`_OTHER`."""
    counts: Counter[str] = Counter()
    for name, size in zip(refined.constants, _sizes(refined), strict=True):
        if name is not None:
            counts[name] += size
    ordered = sorted(counts, key=lambda name: (-counts[name], name))[: len(_COLOURS)]
    found = dict(zip(ordered, _COLOURS, strict=False))
    return found if len(counts) <= len(_COLOURS) else found | {"other constants": _OTHER}


def _sizes(refined: Refined) -> list[int]:
    import numpy as np

    inside = refined.numbers[refined.numbers >= 0]
    return np.bincount(inside, minlength=len(refined.constants)).tolist()


_RATES = {
    "factorial": "D of −ln error ~ D n ln n, spread by c",
    "exponential": "nats a term",
    "stretched": "k of −ln error ~ k √n",
    "polynomial": "s of error ~ n^−s",
}


def _draw_png(path: Path, panels: list[_Panel], colours: dict[str, str]) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    across = 2 if len(panels) > 1 else 1
    down = max(1, -(-len(panels) // across))
    figure = Figure(figsize=(7 * across, 5 * down), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for unused in axes[len(panels) :]:
        unused.set_axis_off()
    for ax, panel in zip(axes, panels, strict=False):
        sizes = [16 if name is not None else 5 for name in panel.constants]
        ax.scatter(panel.across, panel.delta, s=sizes, c=panel.colours(colours), linewidths=0)
        ax.set_title(panel.regime)
        ax.set_xlabel(f"rate ({_RATES[panel.regime]})")
        ax.set_ylabel("δ")
        if panel.log:
            ax.set_xscale("log")
    handles = [_marker(colour, name) for name, colour in colours.items()]
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False)
    figure.savefig(path, format="png")


def _marker(colour: str, name: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="", marker="o", color=colour, label=name.replace("$", r"\$"))


def _draw_html(path: Path, panels: list[_Panel], colours: dict[str, str]) -> None:
    from bokeh.embed import file_html
    from bokeh.layouts import column, gridplot
    from bokeh.models import ColumnDataSource
    from bokeh.models.widgets import Div
    from bokeh.plotting import figure
    from bokeh.resources import INLINE

    made: list[Any] = []
    for panel in panels:
        plot = figure(
            title=panel.regime,
            x_axis_label=f"rate ({_RATES[panel.regime]})",
            y_axis_label="δ",
            x_axis_type="log" if panel.log else "linear",
            width=640,
            height=440,
            output_backend="webgl",
            tooltips=[("cluster", "@cluster"), ("constant", "@constant"), ("rate", "@rate"), ("δ", "@delta")],
        )
        source = ColumnDataSource(
            {
                "across": panel.across,
                "rate": panel.rate,
                "delta": panel.delta,
                "cluster": ["noise" if n < 0 else str(n + 1) for n in panel.cluster.tolist()],
                "constant": [name or "" for name in panel.constants],
                "colour": panel.colours(colours),
                "size": [7 if name is not None else 4 for name in panel.constants],
            }
        )
        plot.scatter("across", "delta", source=source, size="size", color="colour", line_color=None)
        made.append(plot)
    legend = " &nbsp; ".join(
        f'<span style="color: {colour}">&#9679;</span> {html.escape(name)}' for name, colour in colours.items()
    )
    page = file_html(
        column(Div(text=legend), gridplot(made, ncols=2, merge_tools=False)),
        resources=INLINE,
        title="Clusters by dynamics",
    )
    path.write_text(page, encoding="utf-8")
