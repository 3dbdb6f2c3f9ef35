"""Flags of a teacher: what does not go together is refused before any data are loaded."""

import types

import pytest

from given import teacher_flags


class Flags(dict):
    """Flags as absl gives them: by attribute their values, by name whether they were given."""

    def __init__(self, **values):
        given = {"teacher": None, "teacher_scaling": None, "teacher_epochs": None} | values
        super().__init__(
            {
                name: types.SimpleNamespace(value=value, present=name in values)
                for name, value in given.items()
            }
        )

    def __getattr__(self, name):
        return self[name].value


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"teacher": "t.keras", "teacher_epochs": 3}, "--teacher_epochs has no meaning beside"),
        ({"teacher": "t.keras"}, "--teacher_scaling must say which range.*--teacher=t.keras"),
        ({"teacher": "t.keras", "teacher_scaling": "0..1"}, "--teacher names no file.*t.keras"),
        ({"teacher_scaling": "0..1"}, "--teacher_scaling goes with a --teacher file only"),
    ],
)
def test_flags_that_do_not_go_together(monkeypatch, given, message):
    for module in (teacher_flags, teacher_flags.common):
        monkeypatch.setattr(module, "FLAGS", Flags(**given))
    with pytest.raises(ValueError, match=message):
        teacher_flags.check()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "flags", "message"),
    [
        ("cifar", "--teacher=t.keras --teacher_epochs=2", "--teacher_epochs has no meaning beside"),
        ("shrink", "--teacher_scaling=0..1", "--teacher_scaling goes with a --teacher file only"),
        ("shrink", "--student=tiny", "--student must be a .keras file or a network's name"),
        ("tune", "--teacher=t.keras --teacher_epochs=2", "--teacher_epochs has no meaning beside"),
        ("tune", "--student=s.keras", "--student names no file. Received: --student=s.keras"),
        ("compare", "--teacher=t.keras", "--input_scaling must say which range"),
        ("compare", "--student=s.keras", "--student names no file. Received: --student=s.keras"),
        ("image_folder", "--teacher=t.keras", "--teacher_scaling must say which range"),
        ("imagenet", "--teacher=t.keras --teacher_scaling=0..1", "--teacher names no file"),
    ],
)
def test_every_recipe_refuses_them_before_data_are_looked_for(
    recipe, name, flags, message, tmp_path
):
    data = [] if name in ("image_folder", "imagenet") else ["--data=nowhere.npz"]
    done = recipe(name, tmp_path / "run", "--data_dir=nowhere", *data, *flags.split())
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert message in done.stderr and not (tmp_path / "run").exists()
