"""python -m vae_core: what it makes, what it prints, and what Ctrl-C leaves."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from vae_core import load_bundle
from vae_core.__main__ import main
from vae_core.bundles.bundle import read_header
from vae_core.bundles.header import MAX_TITLE
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.images import loading as images_module
from vae_core.release import readme_tables, recipes
from vae_core.training import trainer

ROOT = Path(__file__).resolve().parents[3]
QUICK = [
    "train",
    "--images",
    "digits",
    "--limit",
    "60",
    "--architecture",
    "mlp",
    "--width",
    "0.125",
    "--epochs",
    "2",
]


def test_train_writes_a_bundle_with_the_settings_asked_for(tmp_path, capsys):
    out = tmp_path / "a.safetensors"
    asked = ["--latent-dim", "3", "--beta", "2", "--seed", "7", "--title", "My <i>digits</i>", "--no-umap"]
    assert main([*QUICK, *asked, "--out", str(out)]) == 0
    bundle = load_bundle(out)
    assert bundle.model_config == ModelConfig((1, 8, 8), 3, "mlp", width=0.125)
    assert bundle.train_config == TrainConfig(epochs=2, beta=2, seed=7)
    assert (bundle.card["title"], bundle.image_set["name"], bundle.image_set["size"]) == (
        "My <i>digits</i>",
        "digits",
        60,
    )
    assert len(bundle.history) == 2
    assert "ELBO" in capsys.readouterr().err  # in the progress bar


def test_training_goes_on_from_a_model_with_the_model_s_own_net(tmp_path):
    out, learned = tmp_path / "b.safetensors", load_bundle(recipes.SHIPPED_BUNDLES / "digits-2.safetensors")
    asked = ["--begin-with", "digits-2", "--learning-rate", "1e-6", "--out", str(out)]
    assert main([*QUICK, *asked]) == 0
    bundle = load_bundle(out)
    assert bundle.model_config == learned.model_config
    for name, value in learned.model.encoder.named_parameters():
        found = bundle.model.encoder.get_parameter(name)
        torch.testing.assert_close(found, value, atol=1e-3, rtol=1e-3, msg=name)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--images", "nothing"], "nothing"),
        (["--epochs", "0"], "epochs"),
        (["--latent-dim", "1000"], "latent_dim"),
        (["--likelihood", "gaussian", "--binarize", "dynamic"], "binarize"),
        (["--out", "no/such/folder/a.safetensors"], "does not exist: make that folder first"),
        (["--out", "."], "is a folder or a device"),
        (["--limit", "1"], "two images"),
        (["--limit", "0"], "at least 1"),
        (["--begin-with", "mnist-2"], "draws images of shape (1, 28, 28), and these are (1, 8, 8)"),
        (["--begin-with", "mnist-gan"], "cannot be trained further"),
        (["--begin-with", "nothing"], "there is no file nothing"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tmp_path, monkeypatch, capsys, wrong, message):
    monkeypatch.chdir(tmp_path)
    assert main([*QUICK, *wrong]) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert "Traceback" not in printed
    assert list(tmp_path.iterdir()) == []


def test_train_fetches_a_set_only_if_asked_to(tmp_path, monkeypatch, capsys):
    fetched = []

    def fetch(name, root, progress):
        progress(0.5, "downloading half.gz: 5.0 MB")
        fetched.append((name, root))
        raise OSError("the network is gone")

    monkeypatch.setenv("LATENT_HOME", str(tmp_path))
    monkeypatch.setattr(images_module, "fetch", fetch)
    asked = ["train", "--images", "kmnist", "--out", str(tmp_path / "a")]
    assert main(asked) == 2
    assert "with --download" in capsys.readouterr().err
    assert not fetched
    assert main([*asked, "--download"]) == 2
    assert fetched == [("kmnist", tmp_path / "images")]
    said = capsys.readouterr().err
    assert "50%" in said
    assert "half.gz: 5.0 MB" in said
    assert "vae_core train: the network is gone" in said
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_diverges_ends_in_one_sentence(tmp_path, capsys):
    wild = ["--likelihood", "gaussian", "--learning-rate", "1", "--beta", "100000", "--epochs", "300"]
    asked = [*QUICK, "--architecture", "conv", *wild, "--out", str(tmp_path / "a")]
    assert main(asked) == 2
    assert "smaller learning rate" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_found_before_training(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(trainer, "Trainer", lambda *_, **__: pytest.fail("it began to train"))
    assert main([*QUICK, "--out", str(tmp_path / "a")]) == 2
    assert main(["bundles", "digits-2", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.count(f"nothing may be written into the folder {tmp_path}") == 2


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["--epochs", "0", "--out", "new"], "--epochs must be at least 1, not 0"),
        (["--epochs", "-1", "--out", "new"], "--epochs must be at least 1, not -1"),
        (["--epochs", "1"], "name another folder with --out"),
        (["--out", "file"], "file is no folder"),
    ],
)
def test_bundles_never_puts_unfinished_models_where_whole_ones_stand(
    tmp_path, monkeypatch, capsys, asked, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setattr(recipes, "start", lambda recipe: pytest.fail("it began to train"))
    assert main(["bundles", "digits-2", *asked]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            ["no-model"],
            "no file no-model, and no model that ships is called so; there are digits-2",
        ),
        (["digits-2", "--samples", "-1"], "--samples must be 0"),
        (["digits-2", "--baseline-epochs", "-1"], "--baseline-epochs must be from 0 to 500; got -1"),
    ],
)
def test_measure_says_what_is_wrong_before_it_measures(monkeypatch, capsys, asked, message):
    monkeypatch.setattr(readme_tables, "rows", lambda *_, **__: pytest.fail("it began to measure"))
    assert main(["measure", *asked]) == 2
    assert message in capsys.readouterr().err


def test_the_help_says_what_range_each_number_has(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    for words in (
        "from 1 to 128 (default: 2)",
        "from 2 to 4096 images (default: 128)",
        "from 0 to the number of epochs",
    ):
        assert words in said


def test_bundles_makes_what_ships_and_measure_reads_it(tmp_path, capsys):
    assert main(["bundles", "digits-2", "--epochs", "1", "--out", str(tmp_path)]) == 0
    path = tmp_path / "digits-2.safetensors"
    header = read_header(path)
    assert list(tmp_path.iterdir()) == [path]
    assert {"elbo", "nll", "active_units", "knn_accuracy", "reconstruction_knn_accuracy"} <= set(
        header.metrics
    )
    assert header.metrics["nll"] < -header.metrics["elbo"] + 0.5
    assert header.metrics["test_images"] == 300
    capsys.readouterr()

    assert main(["measure", str(path), "--samples", "2", "--baseline-epochs", "1", "--limit", "100"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [cell.strip() for cell in lines[2].strip("|").split("|")]
    cells = [cell.strip() for cell in lines[4].strip("|").split("|")]
    row = dict(zip(names, cells, strict=True))
    assert row["model"] == "`digits-2`"
    assert row["MB"] == f"{path.stat().st_size / 1e6:.2f}"
    assert re.fullmatch(r"-\d+\.\d", row["ELBO"])
    assert re.fullmatch(r"\d+\.\d %", row["the same, plain mlp"])
    assert "100 images" in lines[0]
    assert "2 importance samples" in lines[0]


def test_the_stored_metrics_are_what_measure_finds(tmp_path):
    recipe = recipes.RECIPES[4]
    assert main(["bundles", recipe.name, "--epochs", "1", "--out", str(tmp_path)]) == 0
    path = tmp_path / f"{recipe.name}.safetensors"
    row = readme_tables.rows([path], nll_samples=100, baseline_epochs=0)[0]
    found, stored = row.metrics, read_header(path).metrics
    assert found.pop("class_shares") == pytest.approx(stored.pop("class_shares"))
    assert found == pytest.approx(stored)


def test_unknown_models_are_named(tmp_path, capsys):
    assert main(["bundles", "mnist-3", "--out", str(tmp_path)]) == 2
    assert "mnist-3" in capsys.readouterr().err
    (tmp_path / "a").write_bytes(b"not a bundle")
    assert main(["measure", str(tmp_path / "a")]) == 2
    assert "cannot be opened as a model" in capsys.readouterr().err


def test_tables_keep_grey_and_binarised_apart_and_show_factors():
    grey = {"pixels": "grey", "test_images": 9, "elbo": -1.0, "spearman_x": 0.5}
    drawn = {"pixels": "binarized", "test_images": 9, "elbo": -2.0, "nll": 1.5, "nll_samples": 10}
    samples = {"pixels": "grey", "test_images": 9, "samples": 9, "precision": 0.25, "recall": 0.125}
    text = readme_tables.markdown(
        [
            readme_tables.Row("a", "vae", "s", grey, 10**6),
            readme_tables.Row("b", "vae", "s", drawn, 10**6),
            readme_tables.Row("c", "gan", "s", samples, 10**6),
        ]
    )
    assert "| `c` | gan | 25.0 % | 12.5 % |" in text
    assert text.count("`c`") == 1
    first, second, third = (
        text.split("\n\n`a`")[0].split("Binarized pixels")[0],
        text.split("Binarized")[1],
        text,
    )
    assert "-1.0" in first
    assert "-2.0" not in first
    assert "-2.0" in second
    assert "| 0.50 |" in third


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="another kind of Ctrl-C")
@pytest.mark.parametrize("command", ["train", "bundles"])
def test_ctrl_c_leaves_a_whole_bundle(tmp_path, command):
    out = tmp_path / "digits-2.safetensors"
    asked = {
        "train": [*QUICK, "--epochs", "500", "--batch-size", "2", "--out", str(out)],
        "bundles": ["bundles", "digits-2", "--out", str(tmp_path)],
    }[command]
    process = subprocess.Popen(
        [sys.executable, "-m", "vae_core", *asked], cwd=ROOT, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stderr is not None
    seen = ""
    while "ELBO" not in seen and process.poll() is None:  # it is training
        seen += process.stderr.read(20)
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130, seen + rest
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    bundle = load_bundle(out)
    assert 1 <= len(bundle.history) < bundle.train_config.epochs


# The models that ship


@pytest.mark.parametrize("recipe", recipes.RECIPES, ids=lambda recipe: recipe.name)
def test_what_ships_is_what_the_recipe_says(recipe):
    path = recipes.SHIPPED_BUNDLES / f"{recipe.name}.safetensors"
    header = read_header(path)
    assert (header.model_config, header.train_config) == (recipe.model, recipe.train)
    assert (header.card["title"], header.image_set["name"]) == (recipe.title, recipe.image_set)
    assert path.stat().st_size <= 4_000_000
    assert len(recipe.why) <= MAX_TITLE
    has_map = recipe.model.has_encoder and recipe.model.latent_dim > 2
    assert ("umap.positions" in header.tensors) == has_map
    assert header.image_set["licence"]
    assert len(header.history) == recipe.train.epochs


def test_eleven_models_ship_and_no_more():
    files = list(recipes.SHIPPED_BUNDLES.glob("*.safetensors"))
    names = {"mnist-2", "mnist-16", "fashion-2", "fashion-16", "digits-2", "shapes-10"}
    names |= {"shapes-tc", "mnist-ae", "mnist-concrete", "mnist-cond", "mnist-gan"}
    assert {path.stem for path in files} == {recipe.name for recipe in recipes.RECIPES} == names
    assert sum(path.stat().st_size for path in files) <= 36_000_000


def test_what_ships_is_good():
    metrics = {
        r.name: read_header(recipes.SHIPPED_BUNDLES / f"{r.name}.safetensors").metrics
        for r in recipes.RECIPES
    }
    assert metrics["mnist-2"]["knn_accuracy"] >= 0.75
    assert metrics["fashion-2"]["knn_accuracy"] >= 0.65
    assert metrics["mnist-16"]["reconstruction_knn_accuracy"] >= 0.90
    assert metrics["fashion-16"]["reconstruction_knn_accuracy"] >= 0.70
    factors = [value for name, value in metrics["shapes-10"].items() if name.startswith("spearman_")]
    assert sum(value >= 0.7 for value in factors) >= 2
    assert metrics["shapes-tc"]["mig"] >= 0.28  # shapes-10: 0.13
    assert min(metrics["shapes-tc"][f"spearman_{name}"] for name in ("x", "y", "size")) >= 0.95
    assert metrics["shapes-10"]["spearman_size"] < 0.75
    assert metrics["mnist-gan"]["precision"] >= 0.75
    assert metrics["mnist-gan"]["recall"] >= 0.75
    assert metrics["mnist-cond"]["class_shares_gap"] <= 0.1
    assert metrics["mnist-concrete"]["knn_accuracy"] >= 0.75
    assert metrics["mnist-ae"]["knn_accuracy"] >= 0.6


def test_the_learning_rate_falls_to_zero():
    recipe = recipes.RECIPES[0]
    rates = [recipes.learning_rate_at(recipe, epoch) for epoch in range(recipe.train.epochs)]
    assert rates[0] == recipe.train.learning_rate
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] <= recipe.train.learning_rate / 1000
