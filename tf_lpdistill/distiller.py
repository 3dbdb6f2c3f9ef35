"""The Distiller: trains a student from labels and a teacher with Keras's own `fit`."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import tensorflow as tf
from keras import ops
from keras.distillation import DistillationLoss

from tf_lpdistill.batch import unpack
from tf_lpdistill.first_batch import FirstBatchCheck, check_first_batch
from tf_lpdistill.objective import Objective
from tf_lpdistill.ops import replicas
from tf_lpdistill.saving import WholeFile, load_model
from tf_lpdistill.structure import symbolic_inputs
from tf_lpdistill.supervision import nan_if_not_finite
from tf_lpdistill.teachers import AbsentTeacher, AnyTeacher, connect
from tf_lpdistill.term_metrics import TermMetrics
from tf_lpdistill.terms import check_losses, check_weight, check_weights, make_terms
from tf_lpdistill.types import PathLike, Structure, Tensor, Weight
from tf_lpdistill.wiring import Wiring
from tf_lpdistill.workers import Workers


@keras.saving.register_keras_serializable(package="tf_lpdistill")
class Distiller(WholeFile, Workers, TermMetrics, keras.Model):
    """Trains a student on labels and on what a teacher makes of the same inputs.

        total = student_loss_weight * (supervised loss + regularisers) + sum_i weight_i * loss_i

    Eqs. 7 and 8 of the locality preserving paper (https://arxiv.org/abs/1812.06597) are two
    settings of it. A step runs the teacher once (inference mode, outside the gradient), the student
    once, and updates the student and the losses' own weights. Everything else is Keras: `compile`,
    `fit`, `evaluate`, callbacks, sample and class weights, mixed precision, `tf.distribute`.

    `fit` logs `loss` (the total), `student_loss`, and each distillation loss, unweighted, under its
    name. `evaluate`, and so `val_loss`, is the student's supervised loss and the compiled metrics.
    `fit` looks at the first batch before the first step and raises there.

    Args:
        teacher: a trained `keras.Model`, or a `TeacherEnsemble` of several; it is used as it is,
            not frozen or changed, and not saved with the distiller. Or a `TeacherCache`, for data
            that it is attached to.
        student: the `keras.Model` to train; available as `.student`.
        distillation_losses: a loss or a list of losses from `tf_lpdistill.losses`;
            `keras.distillation` losses work too. None, `[]`: plain training, the teacher unused.
        distillation_loss_weights: a weight for each loss: a float, or a
            `keras.optimizers.schedules.LearningRateSchedule` over optimizer steps. None: 1.0 each.
        student_loss_weight: weight of the supervised loss, a float or a schedule; 0 trains on the
            teacher alone, and needs no labels.
        name: name of the model.

    Attributes:
        wiring: the `Wiring` of terms, teacher and student, for what looks on.

    Raises:
        ValueError: for arguments that do not fit, unknown layer names, features that a loss cannot
            compare.

    Examples:
        >>> teacher = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, name="features"),
        ...                             keras.layers.Dense(3)])
        >>> student = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="embedding"),
        ...                             keras.layers.Dense(3)])
        >>> from tf_lpdistill.losses import LocalityPreserving, SoftTarget
        >>> distiller = Distiller(
        ...     teacher, student,
        ...     [SoftTarget(temperature=4.0), LocalityPreserving("features", "embedding")],
        ...     distillation_loss_weights=[1.0, 0.1])
        >>> distiller.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    """

    def __init__(
        self,
        teacher: AnyTeacher | None,
        student: keras.Model,
        distillation_losses: DistillationLoss | Sequence[DistillationLoss] | None,
        distillation_loss_weights: Sequence[Weight] | Weight | None = None,
        student_loss_weight: Weight = 1.0,
        name: str = "distiller",
    ):
        if not isinstance(student, keras.Model):
            raise ValueError(
                f"`student` must be a keras.Model. Received: student={student!r} of type "
                f"{type(student).__name__}"
            )
        # The inputs go to the student as they are: it does its own casting, here as in the step.
        super().__init__(name=name, dtype=student.dtype_policy, autocast=False)
        self.student = student
        self.distillation_losses = check_losses(distillation_losses)
        self.distillation_loss_weights = check_weights(
            distillation_loss_weights, len(self.distillation_losses)
        )
        self.student_loss_weight = check_weight("student_loss_weight", student_loss_weight)
        self.output_names = getattr(student, "output_names", None)
        terms = make_terms(self.distillation_losses, self.distillation_loss_weights)
        self._make_trackers([term.name for term in terms])
        self._attach(teacher, terms)

    def _attach(self, teacher, terms):
        self.wiring = Wiring.of(teacher, self.student, terms)
        self.train_function = None
        inputs = symbolic_inputs(self.student)
        if inputs is not None:
            self._build_losses(inputs)

    @property
    def teacher(self) -> AnyTeacher | None:
        """The teacher as it was given; None in a distiller that was loaded without one."""
        return self.wiring.teacher.model

    @property
    def objective(self) -> Objective:
        """The total of a step as a function of a batch, see `Objective`: for `compression`.

        Raises:
            RuntimeError: before `compile`, and in a distiller that was loaded without its teacher.
        """
        if not self.compiled:
            raise RuntimeError(
                "`Distiller.objective` needs the supervised loss. Received: a distiller that is "
                "not compiled. Call distiller.compile(optimizer, loss) first."
            )
        self.wiring.require_teacher()
        return self._objective()

    def __dir__(self):
        # Keras saves every model that `dir` reveals; the teacher stays out of the file.
        return [name for name in super().__dir__() if name != "teacher"]

    def build(self, input_shape: Structure) -> None:
        """Makes the losses' weights for a student whose inputs were not known before."""
        spec = functools.partial(keras.KerasTensor, dtype=self.variable_dtype)
        self._build_losses(keras.tree.map_shape_structure(spec, unpack(input_shape).inputs))

    def _build_losses(self, inputs):
        self.wiring.build(inputs)
        self.built = True

    def call(self, inputs: Structure, training: bool | None = None) -> Structure:
        """Returns the student's predictions."""
        return self.student(unpack(inputs).inputs, training=training)

    def compute_loss(
        self,
        x: Structure = None,
        y: Structure = None,
        y_pred: Structure = None,
        sample_weight: Tensor | None = None,
        training: bool = True,
    ) -> Tensor:
        """Keras's own supervised loss and regularisers; without labels, the regularisers alone.

        NaN where an input is not finite.
        """
        if y is None or self.loss is None:
            loss = replicas.scale(sum(map(ops.sum, self.losses), ops.zeros(())))
        else:
            loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return nan_if_not_finite(loss, unpack(x).inputs, sample_weight)

    def train_step(self, data: Structure) -> dict[str, Tensor]:
        """One update of the student and of the losses' own weights."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        batch = unpack(x)
        objective = self._objective()
        teacher_outputs = self.wiring.teacher_outputs(batch)
        with tf.GradientTape() as tape:
            student_outputs = self.wiring.student_outputs(batch, training=True)
            y_pred = student_outputs[0]
            student_loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
            values = objective.values(batch, y, sample_weight, teacher_outputs, student_outputs)
            total = objective.total(student_loss, values)
            size = ops.shape(keras.tree.flatten(y_pred)[0])[0]
            scaled = self.optimizer.scale_loss(total * replicas.share(size))
        self._update(tape, scaled, batch.inputs)
        self._track(total, student_loss, values, size)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def _objective(self):
        return Objective(
            self.wiring, self._supervised_loss, self.student_loss_weight, self.optimizer
        )

    def _supervised_loss(self, y, y_pred, sample_weight):
        """What `compile` was given as the loss, without the regularisers of `compute_loss`."""
        if y is None or self.loss is None:
            return ops.zeros(())
        return self._compile_loss(y, y_pred, sample_weight)  # no public way without regularisers

    def _update(self, tape, scaled_total, inputs):
        variables = self.trainable_variables
        gradients = tape.gradient(scaled_total, variables)
        # Weights that no term reaches (the head, when only features are distilled) keep still.
        reached = [pair for pair in zip(gradients, variables, strict=True) if pair[0] is not None]
        # A batch that does not come (the data end, or fail) must not count as a step: the counter
        # alone would not wait for it, and schedules would run ahead.
        arrived = tf.nest.flatten(inputs, expand_composites=True)
        with tf.control_dependencies([part for part in arrived if part is not None]):
            self.optimizer.apply_gradients(reached)

    def make_train_function(self, force: bool = False) -> Callable:
        """Makes Keras's train function, with a look at the first batch before the first step."""
        if self.train_function is None or force:
            super().make_train_function(force=True)
            self.train_function = FirstBatchCheck(
                self.train_function, self._check_first_batch, self.steps_per_execution == 1
            )
        return self.train_function

    def _check_first_batch(self, data):
        with self.distribute_strategy.scope():
            if not self.built:
                x = keras.utils.unpack_x_y_sample_weight(data)[0]
                self(keras.tree.map_structure(replicas.to_host, x))
            check_first_batch(self, data)
            if not self.optimizer.built:  # a step that made variables would be traced twice
                self.optimizer.build(self.trainable_variables)

    def fit(self, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Trains the student; arguments and result as `keras.Model.fit`.

        Raises:
            ValueError: before the first step, for a batch that the losses cannot be computed on.
            RuntimeError: in a distiller that was loaded without its teacher.
        """
        self.wiring.require_teacher()
        if self.train_function is not None:
            self.train_function.expect()
        return super().fit(*args, **kwargs)

    @classmethod
    def load(cls, filepath: PathLike, teacher: AnyTeacher, **kwargs: Any) -> Self:
        """Loads a saved distiller with its teacher, to train on exactly where it stopped.

        Args:
            filepath: a file written by `save` or a `ModelCheckpoint`.
            teacher: the very teacher that it was trained with, or a `TeacherCache` of it: a cache
                has the fingerprint of its teacher.
            **kwargs: as of `keras.saving.load_model`; without `safe_mode=False` no code that the
                file brings along is run.

        Returns:
            A compiled `Distiller`.

        Raises:
            ValueError: for another teacher, a damaged file, or one that holds no distiller.
        """
        distiller = load_model(filepath, **kwargs)
        if not isinstance(distiller, cls):
            raise ValueError(
                f"{filepath} holds a {type(distiller).__name__}, not a saved {cls.__name__}."
            )
        if connect(teacher, ()).fingerprint() != distiller.wiring.teacher.fingerprint():
            raise ValueError(
                f"`teacher` is not the one that {filepath} was trained with: its layers or weights "
                "differ, or the order or the weights of an ensemble. Received: teacher="
                f"{teacher!r}. To train on with another teacher, make a new Distiller around the "
                "loaded `.student`."
            )
        distiller._attach(teacher, distiller.wiring.terms)
        return distiller

    def get_config(self) -> dict[str, Any]:
        """Returns student, losses and settings, and the teacher's fingerprint in its place."""
        serialize = keras.saving.serialize_keras_object
        return {
            "student": serialize(self.student),
            "distillation_losses": [serialize(loss) for loss in self.distillation_losses],
            "distillation_loss_weights": serialize(list(self.distillation_loss_weights)),
            "student_loss_weight": serialize(self.student_loss_weight),
            "name": self.name,
            "teacher_fingerprint": self.wiring.teacher.fingerprint(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Makes a distiller without teacher from what `get_config` returned."""
        config = dict(config)
        teacher = AbsentTeacher(config.pop("teacher_fingerprint"))
        name = config.pop("name")
        settings = {k: keras.saving.deserialize_keras_object(v) for k, v in config.items()}
        return cls(teacher, name=name, **settings)
