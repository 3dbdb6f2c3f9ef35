"""`Watch`: logs what each term does and how the student's features are, and warns once."""

import warnings
from collections.abc import Callable, Container, Iterable

import keras
import numpy as np

from tf_lpdistill.callbacks import alarms
from tf_lpdistill.callbacks.health import examine
from tf_lpdistill.callbacks.probe import Probe, check_model
from tf_lpdistill.guidance.evidence import ensure_built
from tf_lpdistill.guidance.gradients import part_gradients
from tf_lpdistill.guidance.unchanged import unchanged
from tf_lpdistill.terms import at_step
from tf_lpdistill.types import Structure


class Watch(keras.callbacks.Callback):
    """Looks at a `Distiller` at the end of its epochs, by one batch that stays the same.

    It adds to the logs, and so to the history, to the progress bar, and to callbacks that stand
    behind it in the list, for each term and for "student_loss":

    * `weight/TERM`: its weight at the next step;
    * `share/TERM`: its share of the gradient, weight * norm over the sum of these, on the weights
      of the student;

    and for the student's features: `student_norm`, their mean length; `student_spread`, their
    distance from their mean; `effective_rank`; `neighbor_overlap`, the share of the teacher's
    nearest neighbours that are the student's too. They are taken in inference mode. The values of
    the terms are in the logs anyway.

    It warns, once each: of features that have collapsed or shrink, of a term with more than 90 % or
    less than 1 % of the gradient, and after each step of a value that is not finite, with the name
    of the term and its layers. Training goes on as it would without it, bit for bit.

    A term must also be beyond these shares by the largest weighted norms of the looks so far: one
    that has been learnt has no gradient left, and is not drowned. Features are judged as training
    sees them, by BatchNormalization's statistics of the batch: in the first steps the moving ones
    of a deep network lag so far behind that in inference mode all samples look alike.

    A look costs about one training step, and one more backward pass for each term; the watch after
    each step is one comparison of a number. Any teacher, replicas, and `steps_per_execution` will
    do; with several steps an execution a NaN may have spread before it is seen.

    Args:
        dataset: batches as `fit` takes them; the first is looked at. A few hundred samples tell
            more of neighbours than a few dozen.
        teacher_layer_name: the teacher's feature for the overlap; None: the one of the first loss
            that names one layer each, else the layer before the output.
        student_layer_name: the student's feature, in the same way.
        num_neighbors: of the overlap.
        frequency: after how many epochs it looks, or the epochs, from 1, after which it looks: as
            `validation_freq` of `fit`.
        alarm: what a warning is given to, a function of its text; None: Python's `warnings`.

    Raises:
        ValueError: for numbers below 1; when training begins, for a model that is not a
            `Distiller`, several workers, a data set without a batch, and unknown layers.

    Examples:
        >>> from tf_lpdistill import Distiller, data, losses, models, preprocessing
        >>> pixels = preprocessing.Preprocessing((8, 8), "grayscale", "0..1")
        >>> split = data.load_digits(num_labels=100).train
        >>> train = data.training_batches(split, pixels, batch_size=50, seed=0)
        >>> distiller = Distiller(models.digits_teacher(), models.digits_student(),
        ...                       losses.LocalityPreserving("features", "features"))
        >>> distiller.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        >>> history = distiller.fit(train, steps_per_epoch=2, callbacks=[Watch(train)], verbose=0)
        >>> 0 < history.history["share/locality_preserving"][0] < 1
        True
    """

    def __init__(
        self,
        dataset: Iterable[Structure],
        teacher_layer_name: str | None = None,
        student_layer_name: str | None = None,
        num_neighbors: int = 10,
        frequency: int | Container[int] = 1,
        alarm: Callable[[str], object] | None = None,
    ):
        super().__init__()
        if num_neighbors < 1 or (isinstance(frequency, int) and frequency < 1):
            raise ValueError(
                "`num_neighbors` and `frequency` must be 1 or more. Received: "
                f"num_neighbors={num_neighbors}, frequency={frequency}"
            )
        self._dataset, self._names = dataset, (teacher_layer_name, student_layer_name)
        self.num_neighbors, self.frequency = num_neighbors, frequency
        self.alarm = alarm or _warn
        self._probe, self._gradients, self._past = None, None, []
        self._told, self._epoch, self._largest = set(), 0, {}

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Takes the probe, and looks at features and gradients before the first step."""
        check_model("Watch", self.model)
        ensure_built(self.model, self._dataset)
        self._probe = Probe(self.model, self._dataset, *self._names)
        self._gradients = part_gradients(self.model)
        self._past = [self._examine()[1]]
        self._largest = {}
        self._remember(self._pulls()[1])

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Remembers the epoch, for the warnings."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Warns of the first value that is not finite."""
        if "values" in self._told or logs is None or _finite(logs.get("loss", 0.0)):
            return
        terms = {term.name: term.loss for term in self.model.wiring.terms}
        values = [name for name in ("student_loss", *terms) if not _finite(logs.get(name, 0.0))]
        layers = {
            name: tuple(getattr(loss, f"{who}_layer_name", None) for who in ("teacher", "student"))
            for name, loss in terms.items()
        }
        place = f"in epoch {self._epoch}, batch {batch + 1}"
        broken = first_broken_layer(self.model.student)
        self._tell({"values": alarms.of_values(values, layers, broken, place)})

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Looks, adds to the logs, and warns."""
        if not self._is_due(epoch + 1):
            return
        logs = {} if logs is None else logs
        health, settled, num_classes = self._examine()
        weights, pulls = self._pulls()
        logs.update({f"weight/{name}": weight for name, weight in weights.items()})
        logs.update({f"share/{name}": share for name, share in _shares(pulls).items()})
        self._remember(pulls)
        logs.update(health.logs())
        layer = self._probe.student_layer_name
        self._tell(alarms.of_features(settled, self._past, num_classes, layer))
        ever = alarms.of_shares(_shares(self._largest), weights)
        now = alarms.of_shares(_shares(pulls), weights)
        self._tell({kind: text for kind, text in now.items() if kind in ever})
        self._past.append(settled)

    def _is_due(self, epoch):
        if isinstance(self.frequency, int):
            return epoch % self.frequency == 0
        return epoch in self.frequency

    def _examine(self):
        """`(health, health as training sees it, outputs of the student)`."""
        sight, k = self._probe.look(), self.num_neighbors
        health = examine(sight.student, sight.teacher, k)
        return health, examine(sight.settled, None, k), sight.num_classes

    def _pulls(self):
        """`(weights, weighted gradient norms)` of the parts at this moment."""
        with unchanged(self.model):
            gradients = self._gradients(self._probe.data)
        step = self.model.optimizer.iterations
        weights = {term.name: term.weight for term in self.model.wiring.terms}
        weights["student_loss"] = self.model.student_loss_weight
        weights = {name: float(at_step(weights[name], step)) for name in gradients}
        return weights, {name: abs(weights[name]) * gradients[name].norm for name in gradients}

    def _remember(self, pulls):
        for name, pull in pulls.items():
            largest = self._largest.get(name, 0.0)
            self._largest[name] = max(largest, pull) if _finite(pull) else largest

    def _tell(self, found):
        for kind, text in found.items():
            if kind not in self._told:
                self._told.add(kind)
                self.alarm(text)


def _shares(pulls):
    total = sum(pulls.values())
    return {name: pull / total if total else 0.0 for name, pull in pulls.items()}


def _warn(text):
    warnings.warn(text, stacklevel=2)


def first_broken_layer(model: keras.Model) -> str | None:
    """Returns the name of the first layer with weights that are not finite, or None.

    Args:
        model: a `keras.Model`; nested models are looked into, "backbone/conv1".
    """
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            inner = first_broken_layer(layer)
            if inner is not None:
                return f"{layer.name}/{inner}"
        elif not all(map(_finite, layer.get_weights())):
            return layer.name
    return None


def _finite(value):
    return bool(np.isfinite(np.asarray(value)).all())
