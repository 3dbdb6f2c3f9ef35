"""The start-up that recipes share."""

import types

import pytest
from absl import app, flags

import common
from tf_lpdistill import distribution


@pytest.mark.parametrize(("of_flag", "real"), [(64, 7), (7, None)])
def test_the_real_batch_is_what_replicas_must_share(mirrored, monkeypatch, tmp_path, of_flag, real):
    chosen = types.SimpleNamespace(
        strategy="mirrored", batch_size=of_flag, run_dir=str(tmp_path / "run")
    )
    monkeypatch.setattr(common, "FLAGS", chosen)
    monkeypatch.setattr(distribution, "get_strategy", lambda name: mirrored)
    with pytest.raises(ValueError, match=r"multiple of the 2 replicas.*batch_size=7"):
        common.start("image_folder", "Few photos", batch_size=real)
    assert not (tmp_path / "run").exists()


def test_the_seeds_follow_the_first(monkeypatch):
    monkeypatch.setattr(common, "FLAGS", types.SimpleNamespace(seed=3, num_seeds=2))
    assert common.seeds() == [3, 4]


def test_a_word_that_is_no_flag_is_refused_before_the_recipe_begins(monkeypatch):
    monkeypatch.setattr(flags, "DEFINE_bool", lambda *_: None)  # FLAGS outlive a test
    monkeypatch.setattr(app, "run", lambda guarded: guarded(["recipe.py", "epochs=3"]))
    begun = []
    with pytest.raises(app.UsageError, match=r"Unexpected arguments: \['epochs=3'\]"):
        common.run_recipe(lambda: begun.append(True))
    assert not begun
