"""Compresses a saved Keras classifier step by step, and ends in a phone bundle.

  python export/compress.py --model student.keras --input_scaling 0..1 --data photos/ \\
      --verbs low_rank,quantize_aware --output_dir small/

The verbs, in the order in which each keeps what the earlier ones won:

  low_rank         dense layers and convolutions become pairs of smaller ones   (smaller, faster)
  prune_channels   the channels that matter least disappear                     (smaller, faster)
  prune            the smallest weights become zero                     (the zipped file smaller)
  cluster          the weights of a kernel share few values             (the zipped file smaller)
  quantize_aware   trained to be computed in int8          (int8 without its loss; takes minutes)

With a teacher the student goes on learning from it in every step, by its softened outputs (KD) and
by the locality preserving loss between the layers that are named:

  python export/compress.py --model student.keras --input_scaling 0..1 --data cifar.npz \\
      --verbs prune,cluster,quantize_aware --teacher teacher.keras --teacher_scaling 0..255 \\
      --layers features:features --output_dir small/

The images are a folder of class folders, or an .npz with x and y, or with x_train, y_train, x_test,
y_test; without a test split of their own, a tenth of them is held out. After each step a table
tells what it won. A run that was killed goes on when the same command is given again.
"""

import atexit
import pathlib

from absl import app, flags

import command
import compress_inputs as inputs
import compress_options as options
import scaling_flags

flags.adopt_module_key_flags(options)


def settings_of(verb):
    """Returns the arguments of a verb, by the flags and by what the earlier verbs won."""
    pruned, clustered = "prune" in options.VERB_LIST.value, "cluster" in options.VERB_LIST.value
    return {
        "low_rank": {"energy": options.ENERGY.value},
        "prune_channels": {"fraction": options.FRACTION.value, "keep": options.KEEP.value},
        "prune": {"sparsity": options.SPARSITY.value},
        "cluster": {"num_clusters": options.CLUSTERS.value, "preserve_sparsity": pruned},
        "quantize_aware": {"preserve_sparsity": pruned, "preserve_clusters": clustered},
    }[verb]


def check_verbs(student):
    """Refuses, before any work, a student that one of the verbs cannot go through."""
    from tf_lpdistill import compression

    for verb in options.VERB_LIST.value:
        compression.preflight(student, verb, options.KEEP.value)


def claim_folder(folder):
    """Makes --output_dir the folder of this command, and refuses that of another one."""
    from tf_lpdistill import files

    named = {flag.name: flag.value for flag in flags.FLAGS.get_key_flags_for_module(__name__)}
    named |= {"output_dir": None, "model": files.sha256(options.MODEL.value)}
    if options.TEACHER.value is not None:
        named["teacher"] = files.sha256(options.TEACHER.value)
    folder.mkdir(parents=True, exist_ok=True)
    message = f"Another process works in {folder}. Wait for it, or choose another --output_dir."
    atexit.register(files.lock(folder, message))  # till the process ends
    path = folder / "config.json"
    if path.exists():
        earlier = files.read_sealed_json(path)
        changed = sorted(name for name in named if earlier.get(name) != named[name])
        if changed:
            raise ValueError(
                f"The folder holds a run with other {changed}. "
                f"Received: --output_dir={folder}. Choose another one."
            )
    files.write_sealed_json(path, named)


def run():
    """Does the steps, and returns the rows of the table and the folder of the last bundle."""
    command.check_exists(options.MODEL, options.DATA, options.LABELS, options.TEACHER)
    with command.silence():
        import keras

        import steps
        from tf_lpdistill import compression, files, tflite
        from tf_lpdistill.tflite import label_file, scaling

    folder, model = pathlib.Path(options.OUTPUT.value), pathlib.Path(options.MODEL.value)
    if model.is_dir():
        raise ValueError(
            "A SavedModel only predicts, its layers cannot be changed: give the .keras file. "
            f"Received: --model={model}"
        )
    student = compression.as_logits(tflite.load_model(model))
    process = scaling_flags.preprocessing_of(student)
    images = inputs.load_data(process)
    label_file.check(images.class_names, student.outputs[0].shape[-1])
    scaling.check_scores(student, process, images.test.images, images.test.labels)
    check_verbs(student)
    keras.utils.set_random_seed(options.SEED.value)
    objective = inputs.make_objective(student, process)
    train, steps_per_epoch = inputs.training_batches(images.train, process)
    scorer = steps.Scorer(images, process)
    claim_folder(folder)
    rows = [scorer.row("as given", student, folder / "steps" / "0_as_given")]
    print(steps.table(rows), flush=True)
    for number, verb in enumerate(options.VERB_LIST.value, start=1):
        print(f"\nStep {number} of {len(options.VERB_LIST.value)}: {verb}", flush=True)
        title = f"{number}_{verb}"
        student = getattr(compression, verb)(
            student, train, objective, **settings_of(verb), epochs=options.EPOCHS.value,
            steps_per_epoch=steps_per_epoch, learning_rate=options.RATE.value,
            checkpoint_dir=folder / "states" / title,
        )  # fmt: skip
        last = number == len(options.VERB_LIST.value)
        place = folder / "phone" if last else folder / "steps" / title
        rows.append(scorer.row(verb, student, place))
        print(steps.table(rows), flush=True)
    with files.atomic_path(folder / "student.keras") as temporary:
        getattr(student, "student", student).save(temporary)
    files.write_json(folder / "results.json", rows)
    return folder / "phone"


def main(argv):
    """Compresses and prints the path of the bundle, or one line that says what is wrong."""
    print(f"\n{command.call(argv, run)}")


if __name__ == "__main__":
    app.run(main)
