"""What does not fit into memory is refused before anything starts, with the size that would."""

import os
import re
from dataclasses import replace

import pytest

from vae_core import image_sets
from vae_core.config.configs import ModelConfig, TrainConfig
from vae_core.engine import Engine, TooLargeError, check_memory
from vae_core.engine.contract import memory as memory_module
from vae_core.engine.contract.memory import need_of, together

MNIST = next(info for info in image_sets() if info.name == "mnist")
LARGE = replace(MNIST, shape=(3, 128, 128), size=100_000, test_size=10_000)
NET = ModelConfig(image_shape=(3, 128, 128))


def test_batches_of_divided_steps_lie_side_by_side():
    info = next(each for each in image_sets() if each.name == "shapes")
    cheap = need_of(info, ModelConfig(info.shape, 2, "conv"), TrainConfig(batch_size=256))
    dear = need_of(info, ModelConfig(info.shape, 2, "article"), TrainConfig(batch_size=256))
    assert (cheap.divided, dear.divided) == (False, True)
    assert together([cheap, cheap]) - together([cheap]) == cheap.own
    assert together([dear, dear]) - together([dear]) == dear.own + dear.batch


def test_the_largest_number_of_images_that_fits_is_named():
    with pytest.raises(TooLargeError, match="largest number that fits") as caught:
        check_memory(LARGE, NET, TrainConfig(), free=4_000_000_000)
    assert caught.value.setting == "images"
    fit = int(re.search(r"fits is ([\d,]+)", str(caught.value))[1].replace(",", ""))
    assert 0 < fit < LARGE.size
    check_memory(replace(LARGE, size=fit), NET, TrainConfig(), free=4_000_000_000)
    with pytest.raises(TooLargeError):
        check_memory(replace(LARGE, size=fit + 1000), NET, TrainConfig(), free=4_000_000_000)


def test_the_largest_batch_that_fits_is_named():
    small, train = replace(LARGE, size=100, test_size=10), TrainConfig(batch_size=4096)
    with pytest.raises(TooLargeError, match="largest batch size that fits") as caught:
        check_memory(small, NET, train, free=2_000_000_000)
    assert caught.value.setting == "batch_size"
    fit = int(re.search(r"fits is ([\d,]+)", str(caught.value))[1].replace(",", ""))
    check_memory(small, NET, TrainConfig(batch_size=fit), free=2_000_000_000)


def test_what_ships_fits_into_two_gigabytes():
    for info in image_sets():
        model = ModelConfig(image_shape=info.shape, latent_dim=16)
        check_memory(info, model, TrainConfig(), free=2_000_000_000)


def test_what_runs_take_together():
    small, other = (
        need_of(MNIST, ModelConfig(), TrainConfig()),
        need_of(replace(LARGE, name="large"), NET, TrainConfig(batch_size=64)),
    )
    assert small.images == 12_000 * 784
    assert small.batch == TrainConfig().batch_size * memory_module.batch_bytes(ModelConfig())
    assert together([small, small]) == together([small]) + small.own  # images once, a step at a time
    beside = together([small, other]) - together([other])
    assert beside == small.images + small.own  # only one set is being loaded
    assert together([]) == memory_module.WORKER_BYTES


def test_a_run_takes_about_what_is_reckoned():
    """Weights, gradients, both moments of Adam and the copies of pictures, counted in a trainer."""
    import torch

    from vae_core import Trainer, load_image_set

    config = ModelConfig(architecture="mlp", latent_dim=16)
    trainer = Trainer(
        load_image_set("mnist"),
        config,
        TrainConfig(batch_size=64),
        test_set=load_image_set("mnist", split="test"),
    )
    trainer.advance(steps=1, measure=False)
    state = trainer.state_dict().values()
    stored = sum(each.numel() * each.element_size() for each in state if isinstance(each, torch.Tensor))
    gradients = sum(4 * each.numel() for each in trainer.model.parameters())
    pictures = trainer.probe.images.numel() + trainer.test_images.numel()
    own = need_of(MNIST, config, TrainConfig(batch_size=64)).own
    assert 0.5 * own < stored + gradients + pictures < own


def test_what_other_runs_take_at_the_moment_is_no_reason_to_refuse_one(monkeypatch):
    taken = {7: 3_900_000_000}
    monkeypatch.setattr(memory_module, "free_memory", lambda: 100_000_000)
    monkeypatch.setattr(memory_module, "worker_pids", lambda lane: [7] if lane == "train" else [])
    monkeypatch.setattr(memory_module, "_own_memory", taken.get)
    fits = replace(LARGE, size=10_000, test_size=1_000)
    check_memory(fits, NET, TrainConfig())  # it waits in the line until they have ended
    with pytest.raises(TooLargeError, match="largest number that fits"):
        check_memory(LARGE, NET, TrainConfig())  # even alone it would not fit
    taken[7] = 0
    with pytest.raises(TooLargeError):
        check_memory(fits, NET, TrainConfig())


def test_memory_that_is_a_processs_own():
    def held():
        return memory_module._own_memory(os.getpid())

    before = held()
    assert before == 0 or before > 10_000_000  # nothing where the system does not say
    much = bytearray(b"1") * 80_000_000
    assert before == 0 or held() - before > 60_000_000
    del much
    assert memory_module._own_memory(2**22 + 1) == 0  # there is no such process


def test_where_memory_cannot_be_known_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory_module, "free_memory", lambda: None)
    check_memory(LARGE, NET, TrainConfig(batch_size=4096))


def test_free_memory_is_a_number_of_bytes_or_unknown():
    found = memory_module.free_memory()
    assert found is None or found > 10_000_000
    whole = memory_module.whole_memory()
    assert whole is None or whole > 100_000_000


def test_what_a_container_may_take_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(memory_module, "CONTAINER", tmp_path)
    free, whole = memory_module.free_memory(), memory_module.whole_memory()
    assert free > 10_000_000
    assert whole > 100_000_000
    (tmp_path / "memory.current").write_text("70000000\n")
    (tmp_path / "memory.stat").write_text("anon 40000000\ninactive_file 30000000\n")
    (tmp_path / "memory.max").write_text("max\n")  # no limit
    assert memory_module.whole_memory() == whole
    assert memory_module.free_memory() > 10_000_000
    (tmp_path / "memory.max").write_text("90000000\n")
    assert memory_module.whole_memory() == 90_000_000
    assert memory_module.free_memory() == 50_000_000


@pytest.mark.parametrize("architecture", ["mlp", "conv", "article"])
def test_a_step_takes_no_more_than_reckoned(architecture):
    """The largest thing torch keeps for the backward pass, counted by its own hooks."""
    import torch

    from vae_core.models.vae import build_model, elbo_terms

    config = ModelConfig(image_shape=(1, 28, 28), architecture=architecture)
    model, x, kept = build_model(config), torch.rand(64, 1, 28, 28), {}

    def keep(tensor):
        kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        elbo_terms(model, x, generator=torch.Generator().manual_seed(0)).loss()
    weights = sum(4 * parameter.numel() for parameter in model.parameters())
    assert (sum(kept.values()) - weights) / 64 < memory_module.batch_bytes(config)


def test_the_engine_refuses_before_it_starts_anything(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_module, "free_memory", lambda: 400_000_000)
    engine = Engine(tmp_path)
    try:
        with pytest.raises(ValueError, match="largest number that fits"):
            engine.start_run("ann", image_set="mnist", model=ModelConfig(), train=TrainConfig())
        assert engine.current_run("ann") is None
        assert engine.worker_pids() == {}
    finally:
        engine.close()


def test_a_set_is_there_once_for_as_long_as_someone_learns_from_it(monkeypatch):
    import torch

    from vae_core import ImageSet
    from vae_core.training import state_file as state

    loaded = []

    def load(name, split="train"):
        loaded.append((name, split))
        return ImageSet(name, name, torch.zeros(2, 1, 8, 8, dtype=torch.uint8))

    monkeypatch.setattr(state, "load_image_set", load)
    used, _ = state.image_splits("used")
    names = [f"set {number}" for number in range(state.MAX_SETS)]
    for name in [*names, *names]:
        state.image_splits(name)
    assert state.image_splits("used")[0] is used
    assert loaded.count(("used", "train")) == 1
    assert loaded.count(("set 1", "train")) == loaded.count(("set 1", "test")) == 1
    state.image_splits("set 0")  # nobody learned from it, and three came after it
    assert loaded.count(("set 0", "train")) == 2
    for name in [*names, "used"]:
        state._LATELY.pop(name, None)
