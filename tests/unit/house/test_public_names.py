"""The names that others rely on, and what importing them costs."""

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import vae_core

ROOT = Path(__file__).resolve().parents[3]
CONTRACT = [
    "ImageSet",
    "ImageSetInfo",
    "load_image_set",
    "image_sets",
    "ModelConfig",
    "TrainConfig",
    "build_model",
    "VAE",
    "Posterior",
    "elbo_terms",
    "ElboTerms",
    "importance_nll",
    "Trainer",
    "Snapshot",
    "encode_images",
    "traverse",
    "interpolate",
    "attribute_vector",
    "AttributeVector",
    "fit_projection",
    "Projection",
    "Bundle",
    "save_bundle",
    "load_bundle",
    "bundle_from_modules",
    "import_images",
    "mutual_information_gap",
]


def run(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True
    )


@pytest.mark.parametrize("name", CONTRACT)
def test_every_name_of_the_contract_is_there(name):
    value = getattr(vae_core, name)
    assert value is getattr(importlib.import_module(value.__module__), name)
    assert name in vae_core.__all__
    assert name in dir(vae_core)


def test_every_public_name_can_be_imported():
    assert set(CONTRACT) <= set(vae_core.__all__)
    assert vae_core.__all__ == sorted(set(vae_core.__all__))
    for name in vae_core.__all__:
        assert getattr(vae_core, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="colour"):
        _ = vae_core.colour
    with pytest.raises(ImportError, match="colour"):
        from vae_core import colour  # noqa: F401


def test_a_star_import_brings_the_public_names():
    names = {}
    exec("from vae_core import *", names)
    assert set(CONTRACT) <= set(names)


@pytest.mark.process
@pytest.mark.parametrize(
    "statement",
    [
        "import vae_core",
        "from vae_core import ModelConfig, TrainConfig, image_sets; image_sets()",
        "from vae_core import ImageSetInfo",
        "from vae_core import load_bundle, save_bundle, Bundle",
        "from vae_core.bundles.bundle import read_header",
        "import vae_core.release.recipes",
    ],
)
def test_the_server_imports_no_torch(statement):
    heavy = "{'torch', 'umap', 'numba', 'sklearn', 'streamlit', 'plotly'}"
    answer = run(f"{statement}\nimport sys\nprint({heavy} & set(sys.modules))")
    assert answer.stdout == "set()\n", answer.stderr


def test_a_type_checker_sees_the_same_names():
    """The names under TYPE_CHECKING and those in the table are written twice: here they are compared."""
    text = (ROOT / "vae_core" / "__init__.py").read_text()
    for name, module in vae_core._HOME.items():
        assert f"    from vae_core.{module} import {name} as {name}\n" in text


def test_the_version_is_the_projects():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert vae_core.__version__ == project["version"]
