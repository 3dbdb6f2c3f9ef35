"""One compressed student of recipes/shrink.py: made once, exported, proven."""

import keras

from results import phone
from shrinking.ways import FIGURES, WAYS, Job
from teaching import inputs
from tf_lpdistill import files
from tf_lpdistill.saving import load_model


def result(comparison, key, seed, epochs, teacher):
    """Compresses the student of a seed in one way, unless that is on record.

    Args:
        comparison: the `Comparison` that trained the students by KD + LP.
        key: key of `WAYS`.
        seed: whose student.
        epochs: of each verb.
        teacher: what taught the student, a sentence.

    Returns:
        Dict of `parameters`, and of `files`: {precision: the figures of its file}.
    """
    trainer, way = comparison.trainer, WAYS[key]
    folder = f"compressed/{key}_seed{seed}"
    kept = trainer.run.path(f"{folder}.json")
    if kept.exists():
        return files.read_sealed_json(kept)
    print(f"\n{way.title}, seed {seed}", flush=True)
    keras.utils.set_random_seed(seed)
    made = way.make(_job(comparison, key, seed, epochs))
    origin = phone.origin(
        trainer.run, teacher, f"KD + LP, then: {way.title}",
        "the epoch of KD + LP chosen on the validation images, the last of what followed",
    )  # fmt: skip
    proven = phone.export(trainer, made, key, folder, way.precisions, origin)
    figures = {
        precision: {name: proven[precision][name] for name in (*FIGURES, "minimum_runtime")}
        for precision in way.precisions
    }
    parameters = getattr(made, "student", made).count_params()
    found = {"parameters": parameters, "files": figures}
    files.write_sealed_json(kept, found)
    return found


def _job(comparison, key, seed, epochs):
    trainer = comparison.trainer
    split = trainer.data.train.subset(comparison.num_labels, seed)
    student = load_model(trainer.run.path("students", f"distilled_seed{seed}/student.keras"))
    apprentice = comparison.apprentice(student, seed)
    terms = [
        part for term in comparison.methods["distilled"].terms for part in term.make(apprentice)
    ]
    losses, weights = map(list, zip(*terms, strict=True))
    distiller = apprentice.distiller(losses, weights)
    distiller.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return Job(
        student,
        inputs.training_batches(trainer, distiller, split, seed),
        trainer.steps(split, 1),
        distiller.objective,
        epochs,
        trainer.run.path("checkpoints", f"{key}_seed{seed}"),
    )
