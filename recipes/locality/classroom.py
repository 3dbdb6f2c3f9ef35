"""What the students of a cell share: images, a trained teacher, its answers on disk."""

import time

import keras

from locality import phone
from locality.cells import CELLS
from locality.records import Job
from results import evaluation
from roles import Network
from teaching.optimizers import adam
from tf_lpdistill import Preprocessing, TeacherCache, data, files
from tf_lpdistill.saving import load_model

PROBE = 1000  # validation images on which neighbourhoods are measured
CHUNK = 500  # images at a time; with another number the runs on record may differ in the last bit


class Classroom:
    """The data set, the teacher and the layers of one cell.

    Args:
        name: key of `cells.CELLS`.
        records: the `Records` of the study; a teacher that it lacks is trained and saved there,
            and so is what it says about the labelled images.
        data_dir: folder of data sets; None leaves it to LPDISTILL_DATA.
        teacher_file: a trained `.keras` teacher for pixels 0..255, in the place of the cell's own.
    """

    def __init__(self, name, records, data_dir=None, teacher_file=None):
        self.cell, self.records = CELLS[name], records
        self.data = self.cell.load(data_dir)
        self.pixels = self.cell.pixels(self.data)
        self.probe = self.data.validation.subset(min(PROBE, len(self.data.validation)))
        self._caches, self._teacher_features = {}, {}
        self.teacher = self._find_teacher(name, teacher_file)
        self.teacher_network = Network.of("teacher", self.teacher)
        self.student_network = Network.of("student", self.build_student())

    @classmethod
    def of_study(cls, name, records, data_dir=None, cifar_teacher=None):
        """A classroom; all cells of CIFAR share the teacher that a flag may name."""
        return cls(name, records, data_dir, cifar_teacher if name.startswith("cifar") else None)

    def build_student(self):
        """A student, its weights drawn from Keras's global seed."""
        return self.cell.student(self.data.image_shape, self.data.num_classes)

    def split(self, seed):
        """The labelled images of a seed."""
        train = self.data.train
        return train.subset(self.cell.num_labels or len(train), seed)

    def cache(self, seed, layer_names):
        """The teacher's answers to the labelled images of a seed, and these features of it."""
        names = sorted(layer_names)
        name = "-".join([self.cell.teacher_name, f"seed{seed}", *names]).replace("/", "_")
        if name not in self._caches:
            batches = data.evaluation_batches(self.split(seed), self.pixels, CHUNK, sample_ids=True)
            views = "flips" if self.cell.flips else 1
            # Cells that share a teacher share its labelled images, too.
            with self.records.claim(f"cache_{name}", wait=True):
                self._caches[name] = TeacherCache.build(
                    self.teacher, batches, self.records.directory / "caches" / name, names, views
                )
        return self._caches[name]

    def features(self, model, split, network):
        """The pooled features that a model has of images: (n, d) float32."""
        layer = network.layer("features")
        return evaluation.embed(model, split, self.pixels, layer, CHUNK).features

    def teacher_features(self, seed=None):
        """The teacher's features of the labelled images of a seed; None: of the probe."""
        if seed not in self._teacher_features:
            split = self.probe if seed is None else self.split(seed)
            self._teacher_features[seed] = self.features(self.teacher, split, self.teacher_network)
        return self._teacher_features[seed]

    def on_the_phone(self, model):
        """What `phone.measure` finds of a teacher or student, in a cell that asks for it."""
        return phone.measure(model, self.data, self.pixels) if self.cell.int8 else {}

    def _find_teacher(self, name, teacher_file):
        records = self.records
        with records.claim(f"teacher_{self.cell.teacher_name}", wait=True):
            path = records.directory / "teachers" / f"{self.cell.teacher_name}.keras"
            job = Job("teacher", name, "teacher", {}, 0)
            if not path.exists():
                start = time.process_time()
                if teacher_file is None:
                    teacher = self._train_teacher()
                else:
                    given = load_model(teacher_file, compile=False)
                    # Files of other hands may give a list of one output.
                    teacher = keras.Model(given.inputs[0], given.outputs[0], name="teacher")
                with files.atomic_path(path) as temporary:
                    teacher.save(temporary)
                seconds = round(time.process_time() - start, 1)
            else:
                teacher, seconds = load_model(path, compile=False), None
            if not records.has(job):
                records.write(job, self._measure(teacher, path, seconds))
        return teacher

    def _measure(self, teacher, path, seconds):
        scores = {
            f"{name}_accuracy": evaluation.accuracy(teacher, split, self.pixels, CHUNK)
            for name, split in self.data.splits().items()
            if name != "train"
        }
        about = {"parameters": teacher.count_params(), "sha256": files.sha256(path)}
        return scores | about | self.on_the_phone(teacher) | {"cpu_seconds": seconds}

    def _train_teacher(self):
        keras.utils.set_random_seed(0)
        cell, split = self.cell, self.data.train
        teacher = cell.teacher(self.data.image_shape, self.data.num_classes)
        steps = data.steps_per_epoch(split, cell.batch_size)
        raw = Preprocessing(self.pixels.image_size, self.pixels.color)
        batches = data.training_batches(
            split, raw if cell.teacher_augmentation else self.pixels, cell.batch_size, seed=0
        )
        if cell.teacher_augmentation:
            batches = cell.augmentation()(batches, self.pixels, self.data.num_classes, 0)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        teacher.compile(adam(cell.learning_rate)(cell.teacher_epochs * steps), loss)
        teacher.fit(
            batches, epochs=cell.teacher_epochs, steps_per_epoch=steps, shuffle=False, verbose=0
        )
        return teacher
