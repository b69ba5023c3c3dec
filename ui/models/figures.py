"""Figures from numbers; no Streamlit calls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from vae_core.config.families import Family

if TYPE_CHECKING:
    import plotly.graph_objects as go

ACCENT: Final = "#6c83f2"
QUIET: Final = "#8b95ab"

LABELLED: Final = 16
"""So many dimensions have room for their numbers."""


def training_figure(history: Sequence[Mapping[str, Any]], family: Family) -> go.Figure:
    """Draw how training went, by epoch: what is looked at first in the model's family, such as the ELBO.

    Args:
        history: measurements in order, as a bundle has them; what is missing leaves a gap.
        family: of the model.
    """
    import plotly.graph_objects as go  # half a second, so only where a figure is drawn

    epochs = [_number(entry, "epoch") for entry in history]
    best = family.terms[0]
    figure = go.Figure()
    for prefix, name, line in (
        ("", "training images", {"color": QUIET, "width": 2, "dash": "dot"}),
        ("test_", "held-out images", {"color": ACCENT, "width": 2.5}),
    ):
        values = [family.value(best, entry, prefix) for entry in history]
        figure.add_scatter(x=epochs, y=values, name=name, mode="lines+markers", line=line, marker={"size": 4})
    figure.update_layout(
        height=260,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"title": {"text": "epoch"}, "zeroline": False},
        yaxis={"title": {"text": f"{best.title}, {best.unit} per image"}},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
    )
    return figure


def information_figure(metrics: Mapping[str, Any], factors: Sequence[str]) -> go.Figure | None:
    """Draw how much each latent dimension tells of each known factor, in nats; None where that is not known.

    Args:
        metrics: a model's, with a list of D numbers for each factor, by its index (information_<f>).
        factors: names of the factors, in order.
    """
    import plotly.graph_objects as go

    rows = {name: metrics.get(f"information_{f}") for f, name in enumerate(factors)}
    known = {name: row for name, row in rows.items() if isinstance(row, (list, tuple)) and row}
    widths = {len(row) for row in known.values()}
    if len(widths) != 1:
        return None
    dims = [f"z{d}" for d in range(widths.pop())]
    names, table = list(known), list(known.values())
    figure = go.Figure()
    figure.add_heatmap(
        x=dims,
        y=names,
        z=table,
        zmin=0,
        colorscale="Blues",
        xgap=1,
        ygap=1,
        texttemplate="%{z:.2f}" if len(dims) <= LABELLED else None,
        hovertemplate="%{y}, %{x}: %{z:.3f} nats<extra></extra>",
        colorbar={"title": {"text": "nats"}, "thickness": 12},
    )
    figure.update_layout(
        height=90 + 34 * len(names),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"type": "category", "fixedrange": True},
        yaxis={"type": "category", "autorange": "reversed", "fixedrange": True},
    )
    return figure


def _number(entry: Mapping[str, Any], name: str) -> float:
    value = entry.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
