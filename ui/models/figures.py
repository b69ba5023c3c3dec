"""Figures from numbers; no Streamlit calls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import plotly.graph_objects as go

ACCENT: Final = "#6c83f2"
QUIET: Final = "#8b95ab"


def training_figure(history: Sequence[Mapping[str, Any]], *, has_likelihood: bool) -> go.Figure:
    """Draw how training went: the ELBO by epoch, or an autoencoder's log-likelihood.

    Args:
        history: measurements in order, as a bundle has them; what is missing leaves a gap.
        has_likelihood: whether there is an ELBO.
    """
    import plotly.graph_objects as go  # half a second, so only where a figure is drawn

    epochs = [_number(entry, "epoch") for entry in history]
    figure = go.Figure()
    for prefix, name, line in (
        ("", "training images", {"color": QUIET, "width": 2, "dash": "dot"}),
        ("test_", "held-out images", {"color": ACCENT, "width": 2.5}),
    ):
        values = [_objective(entry, prefix, has_likelihood) for entry in history]
        figure.add_scatter(x=epochs, y=values, name=name, mode="lines+markers", line=line, marker={"size": 4})
    figure.update_layout(
        height=260,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"title": {"text": "epoch"}, "zeroline": False},
        yaxis={"title": {"text": f"{'ELBO' if has_likelihood else 'log-likelihood'}, nats per image"}},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
    )
    return figure


def _objective(entry: Mapping[str, Any], prefix: str, has_likelihood: bool) -> float:
    log_likelihood = _number(entry, f"{prefix}log_likelihood")
    return log_likelihood - _number(entry, f"{prefix}kl") if has_likelihood else log_likelihood


def _number(entry: Mapping[str, Any], name: str) -> float:
    value = entry.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
