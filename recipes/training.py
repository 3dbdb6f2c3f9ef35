"""The fits of a recipe: one schedule, one data pipeline, one row of metrics an epoch."""

import dataclasses
import json

import keras

import common
from tf_lpdistill import Preprocessing, data
from tf_lpdistill.data import Augmentation, ImageData
from tf_lpdistill.saving import load_model

LEARNING_RATE = 0.01  # enough for the small networks of most recipes
VALIDATIONS = 15  # a model is validated this often on its way


@dataclasses.dataclass(frozen=True)
class Trainer:
    """What all fits of a run have in common.

    Args:
        run: the started `common.Run`.
        data: the data set; training looks at its validation images every now and then.
        preprocessing: how pixels become the input of teacher and student.
        batch_size: images a batch, over all replicas.
        progress: the `common.Progress` bar.
        augmentation: the `Augmentation` of training images; its views are what teacher and student
            both see.
        learning_rate: of Adam, falling to 0 along a cosine.
        patience: epochs without a better validation accuracy after which a supervised training
            stops, its best epoch kept; every epoch is then validated. None trains to the end.
    """

    run: common.Run
    data: ImageData
    preprocessing: Preprocessing
    batch_size: int
    progress: common.Progress
    augmentation: Augmentation = Augmentation()
    learning_rate: float = LEARNING_RATE
    patience: int | None = None

    def steps(self, split, epochs):
        """Optimizer steps of `epochs` epochs on a split."""
        return epochs * data.steps_per_epoch(split, self.batch_size)

    def fit(self, model, split, epochs, seed, *, supervised=True, callbacks=()):
        """Compiles and trains a classifier or a Distiller.

        Args:
            model: the `keras.Model`.
            split: the images to train on.
            epochs: number of epochs; the learning rate is 0 at their end.
            seed: of the order of the images.
            supervised: whether labels, accuracy and validation belong to it; False for a first
                stage that learns from the teacher alone.
            callbacks: further Keras callbacks.

        Returns:
            A list of one dict of metrics per epoch, "epoch" from 1.
        """
        steps = self.steps(split, epochs)
        schedule = keras.optimizers.schedules.CosineDecay(self.learning_rate, steps)
        with self.run.strategy.scope():
            model = self.run.trainable(model)
            labels = self._labels() if supervised else {}
            model.compile(keras.optimizers.Adam(schedule), **labels)
        validated, stopping = [], []
        if supervised:
            validated = validated_epochs(epochs, VALIDATIONS if self.patience is None else epochs)
            stopping = self._stopping()
        history = model.fit(
            self._batches(model, split, seed),
            epochs=epochs,
            steps_per_epoch=self.steps(split, 1),
            validation_data=self._validation() if supervised else None,
            validation_freq=validated,
            callbacks=[self.progress, *callbacks, *stopping],
            shuffle=False,
            verbose=0,
        ).history
        return _rows(history, validated)

    def _batches(self, model, split, seed):
        if self.augmentation.steps:
            pixels = Preprocessing(self.preprocessing.image_size, self.preprocessing.color)
            batches = data.training_batches(split, pixels, self.batch_size, seed=seed)
            return self.augmentation(batches, self.preprocessing, self.data.num_classes, seed)
        losses = getattr(model, "distillation_losses", ())
        sample_ids = any("sample_id" in getattr(loss, "needs", ()) for loss in losses)
        return data.training_batches(
            split, self.preprocessing, self.batch_size, seed=seed, sample_ids=sample_ids
        )

    def _validation(self):
        split = self.data.validation
        batches = data.evaluation_batches(split, self.preprocessing, self.batch_size)
        mixed = self.augmentation.mixes_labels
        return data.one_hot(batches, self.data.num_classes) if mixed else batches

    def _labels(self):
        kind = "Categorical" if self.augmentation.mixes_labels else "SparseCategorical"
        loss = getattr(keras.losses, f"{kind}Crossentropy")
        return {"loss": loss(from_logits=True), "metrics": ["accuracy"]}

    def _stopping(self):
        if self.patience is None:
            return []
        return [
            keras.callbacks.EarlyStopping(
                "val_accuracy", patience=self.patience, mode="max", restore_best_weights=True
            )
        ]

    def teacher(self, build, epochs, seed):
        """Trains the teacher on all training images, or reads the one that this run trained.

        Args:
            build: function without arguments that makes it.
            epochs: number of epochs, of which the weights of the last are kept; with `patience`,
                those of the best.
            seed: of its weights and of the order of the images.

        Returns:
            The `keras.Model`, saved as `teacher.keras`, its metrics as `teacher.csv`.
        """
        path = self.run.path("teacher.keras")
        if self.run.has(path):
            self.progress.skip(epochs)
            with self.run.strategy.scope():
                return load_model(path)
        keras.utils.set_random_seed(seed)
        with self.run.strategy.scope():
            teacher = build()
        self.progress.begin("teacher")
        rows = self.fit(teacher, self.data.train, epochs, seed)
        self.progress.skip(epochs - len(rows))
        if self.run.chief:
            write_curves(self.run.path("teacher.csv"), "teacher", seed, rows)
        self.run.save(teacher, path)
        return teacher


def validated_epochs(epochs, number=VALIDATIONS):
    """The epochs after which a model is validated, evenly spaced, the last among them."""
    return sorted({max(1, round(epochs * (i + 1) / number)) for i in range(number)})


def _rows(history, validated):
    rows = [{"epoch": epoch + 1} for epoch in range(len(history["loss"]))]
    for name, values in history.items():
        measured = validated if name.startswith("val_") else range(1, len(rows) + 1)
        for epoch, value in zip(measured, values, strict=False):  # a training may stop early
            rows[epoch - 1][name] = value
    return rows


def write_curves(path, key, seed, rows):
    """Writes the metrics of one training: those of `fit`, after the method and the seed."""
    common.write_history(path, [{"method": key, "seed": seed} | row for row in rows])


def gather_curves(run, keys):
    """Joins the metrics of the teacher, and of the students of these methods, in `history.csv`."""
    parts = [run.path("teacher.csv")]
    for key in keys:
        parts += sorted(run.path("students").glob(f"{key}_seed*/history.csv"))
    rows = [row for part in parts if part.exists() for row in common.read_history(part)]
    if rows:
        common.write_history(run.path("history.csv"), rows)


def read_json(path):
    """Reads a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
