"""Import torchvision, also beside a torch it was not compiled for.

torchvision from PyPI holds operators compiled against CUDA's libraries. Beside a torch for CPUs they cannot
be loaded, and `import torchvision` fails with "operator torchvision::nms does not exist" while it describes
them to torch. The app uses only its data sets, which need no operator: so the two that it stumbles over are
declared, never implemented, and the import goes through.
"""

from __future__ import annotations

import importlib
import sys
import threading
from types import ModuleType
from typing import Any

__all__ = ["import_torchvision"]

_MISSING = ("nms", "qnms")
_declared: list[Any] = []  # a torch Library's declarations live as long as it does
_lock = threading.Lock()


def import_torchvision() -> ModuleType:
    """Return `torchvision`, with its modules `datasets`, `transforms` and `utils`.

    Raises:
        ImportError: torchvision is not installed.
    """
    with _lock:
        try:
            return importlib.import_module("torchvision")
        except RuntimeError as error:
            if "torchvision::" not in str(error) or _declared:
                raise
            _declare_operators()
            for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
                del sys.modules[name]  # what the failed import left behind
            return importlib.import_module("torchvision")


def _declare_operators() -> None:
    """Tell torch the signatures that torchvision's own library would have told it."""
    import torch.library

    define: Any = torch.library.Library  # untyped in torch
    library = define("torchvision", "DEF")
    for name in _MISSING:
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _declared.append(library)
