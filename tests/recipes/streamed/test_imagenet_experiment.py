import pytest

import methods
from streamed import imagenet_experiment


def test_methods_of_one_stage_pass():
    chosen = methods.select(["kd_lp", "attention_transfer", "solution_flow"])
    assert imagenet_experiment.check_methods(chosen) is chosen


@pytest.mark.parametrize("key", ["ab_two_stages", "contrastive_representation"])
def test_stages_and_memories_are_refused(key):
    with pytest.raises(ValueError, match=f"one stage and do without a memory.*--methods={key}"):
        imagenet_experiment.check_methods(methods.select([key]))
