"""Train the model of the lesson, once for each value that the lesson lets one choose."""

from vae_core import ModelConfig, TrainConfig, Trainer, load_image_set

IMAGES = "digits"
MODEL = {"architecture": "mlp", "width": 0.25, "latent_dim": 2}
TRAIN = {"epochs": 20, "learning_rate": 0.005}
CHOICES = {"beta": [1, 4]}

train_set = load_image_set(IMAGES)
test_set = load_image_set(IMAGES, split="test")
shape = tuple(train_set.images.shape[1:])
first = {name: values[0] for name, values in CHOICES.items()}

for name, values in CHOICES.items() or {"": [None]}.items():
    for value in values:
        chosen = {**first, name: value} if name else {}
        of_model = {key: chosen[key] for key in chosen if key in ModelConfig.__dataclass_fields__}
        of_train = {key: chosen[key] for key in chosen if key not in of_model}
        trainer = Trainer(
            train_set,
            ModelConfig(image_shape=shape, **{**MODEL, **of_model}),
            TrainConfig(**{**TRAIN, **of_train}),
            test_set=test_set,
        )
        while not trainer.done:
            snapshot = trainer.advance()
        kl = snapshot.test_kl_per_dim
        said = f"reconstruction {-snapshot.test_log_likelihood:.2f} nats"
        if kl is not None:
            said += f", KL {float(sum(kl)):.2f} nats: {[round(float(each), 2) for each in kl]}"
        print(chosen, said)
