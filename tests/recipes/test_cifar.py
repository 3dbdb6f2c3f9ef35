"""The CIFAR experiments on small colour images of real digits: short, and refused."""

import json

import numpy as np
import pytest
from absl import flags

import cifar
import common
from papers import protocols
from tf_lpdistill import models, tflite

SHORT = ["--data=colour.npz", "--epochs=2", "--num_seeds=1", "--num_labels=100", "--batch_size=50"]


@pytest.fixture(scope="module")
def folder(digits, tmp_path_factory):
    """A folder with the digits as a colour.npz of 32x32 pixels, dark on a tint."""

    def enlarged(split, number):
        images = split.images[:number].repeat(4, axis=1).repeat(4, axis=2)
        return np.concatenate([images, 255 - images, images // 2], axis=-1)

    path = tmp_path_factory.mktemp("data")
    np.savez(
        path / "colour.npz",
        x_train=enlarged(digits.train, 300), y_train=digits.train.labels[:300],
        x_test=enlarged(digits.test, 100), y_test=digits.test.labels[:100],
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def teacher(folder):
    """An untrained teacher of pixels 0..255 in a file."""
    path = folder / "teacher.keras"
    models.resnet20(num_classes=10).save(path)
    return [f"--teacher={path}", "--teacher_scaling=0..255"]


def read(path):
    return json.loads(path.read_text())


@pytest.mark.slow
def test_a_pair_learns_from_a_given_teacher(recipe, folder, teacher, tmp_path):
    flags = [*SHORT, "--pair=resnet20:wrn_16_1", "--methods=contrastive_representation"]
    done = recipe("cifar", tmp_path / "run", *flags, f"--data_dir={folder}", *teacher)
    assert done.returncode == 0, done.stderr[-3000:]
    results = read(tmp_path / "run" / "results.json")
    assert [row["key"] for row in results["rows"]][:2] == ["teacher", "alone"]
    assert len(results["rows"]) == 3 and results["failures"] is None
    chosen = read(tmp_path / "run" / "config.json")["flags"]
    assert chosen["augment"] == ["crop", "flip"] and chosen["learning_rate"] == 0.05
    assert "published" not in done.stdout and not (tmp_path / "run" / "caches").exists()
    assert set(tflite.Bundle.open(tmp_path / "run" / "phone").files) == set(tflite.PRECISIONS)


@pytest.mark.slow
def test_a_fitnet_by_the_protocol_of_its_paper(recipe, folder, teacher, tmp_path):
    flags = [*SHORT, f"--data_dir={folder}", "--network=fitnet1", "--augment=", *teacher]
    done = recipe("cifar", tmp_path / "run", *flags, "--teacher_features=features")
    assert done.returncode != 0 and "Unknown command line flag" in done.stderr + done.stdout
    done = recipe("cifar", tmp_path / "run", *flags, "--methods=kd,lp")
    assert done.returncode == 0, done.stderr[-3000:]
    results = read(tmp_path / "run" / "results.json")
    assert [row["key"] for row in results["rows"]] == ["teacher", "alone", "kd", "lp"]
    chosen = read(tmp_path / "run" / "config.json")["flags"]
    assert (chosen["patience"], chosen["learning_rate"]) == (100, 0.0005)
    caches = (tmp_path / "run" / "caches" / "seed0").iterdir()
    assert {path.name for path in caches} == {"resnet20_features", "predictions"}


@pytest.mark.slow
def test_a_pair_is_trained_from_scratch(recipe, folder, tmp_path):
    flags = [*SHORT, f"--data_dir={folder}", "--teacher_epochs=1", "--pair=resnet20:wrn_16_1"]
    done = recipe("cifar", tmp_path / "run", *flags, "--methods=soft_target,hint")
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "run" / "teacher.keras").is_file()
    results = read(tmp_path / "run" / "results.json")
    assert results["failures"] is None and len(results["rows"]) == 4


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--pair=resnet20"], "--pair must be TEACHER:STUDENT, two names for models.get"),
        pytest.param(
            ["--pair=resnet56:resnet20", "--network=fitnet1"],
            "and not beside --network", marks=pytest.mark.slow,
        ),
        pytest.param(["--decay_at=0.9,0.5"], "must rise, between 0 and 1", marks=pytest.mark.slow),
        pytest.param(["--augment=spin"], "An augmentation must be", marks=pytest.mark.slow),
        pytest.param(
            ["--methods=kd"], "--methods must be 'all' or list some", marks=pytest.mark.slow
        ),
    ],
)  # fmt: skip
def test_a_wrong_flag_is_told_in_a_line(recipe, folder, flags, message, tmp_path):
    done = recipe("cifar", tmp_path / "run", "--data=colour.npz", f"--data_dir={folder}", *flags)
    assert done.returncode != 0
    assert message in done.stderr + done.stdout and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def defined():
    """The flags of the recipe, defined once; they are the process's own."""
    common.define_flags(run_dir="runs/cifar", epochs=240, batch_size=64, num_seeds=3)
    cifar.define_flags()
    yield flags.FLAGS
    for name in list(flags.FLAGS):
        if flags.FLAGS.find_module_defining_flag(name) in (__name__, "cifar"):
            delattr(flags.FLAGS, name)


@pytest.fixture
def given(defined):
    """Returns a function that gives the recipe its flags: given(*flags)."""
    saved = {name: dict(vars(defined[name])) for name in defined}
    yield lambda *values: defined(["cifar.py", *values])
    for name, state in saved.items():
        vars(defined[name]).update(state)
    defined.unparse_flags()


@pytest.mark.parametrize(
    ("values", "rates"),
    [
        (["--pair=vgg13:mobilenet_v2"], (0.01, 0.05)),
        (["--pair=mobilenet_v2:shufflenet_v1"], (0.01, 0.01)),
        (["--pair=resnet56:resnet20"], (0.05, 0.05)),
        (["--pair=vgg13:mobilenet_v2", "--learning_rate=0.02"], (0.02, 0.02)),
        (["--network=fitnet1"], (0.0005, 0.0005)),
    ],
)
def test_each_network_has_its_own_learning_rate(given, values, rates):
    given(*values)
    teacher, _ = protocols.take_networks()
    found = [float(make(100).learning_rate) for make in protocols.optimizers(teacher)]
    assert found == pytest.approx(rates)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["--network=fitnet1", "--decay_at=0.5"], "--decay_at has no meaning beside --network"),
        (["--network=fitnet1", "--weight_decay=0.1"], "--network=fitnet1 --weight_decay=0.1"),
    ],
)
def test_a_flag_that_would_be_ignored_is_refused(given, values, message):
    given(*values)
    with pytest.raises(ValueError, match=message):
        protocols.take_networks()


@pytest.mark.parametrize("values", [["a"], ["0.5", "0.5"], ["0.0"], ["1.0"], ["0.9", "0.8"]])
def test_shares_that_do_not_rise_are_refused(values):
    assert not cifar.rising_shares(values)
    assert cifar.rising_shares(["0.625", "0.75", "0.875"]) and cifar.rising_shares([])


@pytest.mark.slow
def test_help_teaches(recipe):
    done = recipe("cifar", "unused", "--help")
    assert "python recipes/cifar.py --network fitnet4 --data keras:cifar10" in done.stdout
    for flag in ("--pair", "--weight_decay", "--decay_at", "--augment", "--teacher_scaling"):
        assert flag in done.stdout
