"""A comparison from its networks to its report: what the recipes that compare methods share."""

import dataclasses
from collections.abc import Callable

import common
from comparing.comparison import Comparison
from comparing.method import Method
from given import teachers
from results import ending, evaluation
from results.published import Published
from roles import Layers
from teaching.optimizers import adam
from teaching.progress import Progress
from teaching.training import LEARNING_RATE, Trainer
from tf_lpdistill import Preprocessing, data
from tf_lpdistill.data import Augmentation, ImageData


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """What is compared, on what, and for how long.

    Args:
        data: the data set, with validation and test images.
        pixels: the `Preprocessing` of teacher and student.
        teacher: the `TeacherSource`.
        build_student: function without arguments that makes a student.
        methods: {key: `Method`}.
        seeds: list of seeds, the same for all methods; the first is the teacher's.
        epochs: epochs of each student.
        batch_size: images a batch.
        num_labels: labelled images of each student; None: all.
        layers: the `Layers` of both networks; None: found by their role.
        optimizer: see `Trainer`.
        augmentation: see `Trainer`.
        patience: see `Trainer`.
        cached: whether the teacher runs once over the images and is kept, where no augmentation
            forbids it.
        published: `Published` figures to stand beside, or None.
    """

    data: ImageData
    pixels: Preprocessing
    teacher: teachers.TeacherSource
    build_student: Callable
    methods: dict[str, Method]
    seeds: list[int]
    epochs: int
    batch_size: int
    num_labels: int | None = None
    layers: Layers | None = None
    optimizer: Callable = adam(LEARNING_RATE)
    augmentation: Augmentation = Augmentation()
    patience: int | None = None
    cached: bool = False
    published: Published | None = None

    def run(self, recipe, title):
        """Trains teacher and students, writes the results and the report.

        Args:
            recipe: name of the recipe.
            title: title of the report.

        Raises:
            ValueError: as `prepare`.
        """
        comparison = self.prepare(recipe, title)
        results = comparison.run()
        comparison.trainer.progress.close()
        ending.finish_comparison(comparison, results, published=self.published)

    def prepare(self, recipe, title, more_fits=0):
        """Starts the run and trains the teacher.

        Args:
            recipe: name of the recipe.
            title: title of the report.
            more_fits: students that will be trained beside those of the methods and seeds.

        Returns:
            The `Comparison`, nothing of which is trained yet.

        Raises:
            ValueError: before anything is written, when there are fewer images than classes or
                fewer than a batch; and as `common.start`.
        """
        num_labels = self.num_labels or len(self.data.train)
        data.steps_per_epoch(self.data.train.subset(num_labels), self.batch_size)
        layers = self.layers or Layers.of(self.teacher.build(), self.build_student())
        run = common.start(recipe, title, dataset=evaluation.describe(self.data, num_labels))
        fits = len(self.methods) * len(self.seeds) + more_fits
        progress = Progress(self.teacher.epochs + self.epochs * fits)
        trainer = Trainer(
            run, self.data, self.pixels, self.batch_size, progress, self.augmentation,
            self.optimizer, self.patience,
        )  # fmt: skip
        teacher = teachers.obtain(self.teacher, trainer, self.seeds[0])
        return Comparison(
            trainer, teacher, self.build_student, layers, self.methods, self.seeds,
            self.epochs, num_labels, self.cached and not self.augmentation.steps,
        )  # fmt: skip
