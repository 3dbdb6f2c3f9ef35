"""The search of recipes/tune.py: what is searched, and how a trial is judged."""

import dataclasses

import numpy as np
from keras import ops

from comparing.comparison import Comparison
from comparing.method import Method, MethodTerm
from methods import METHODS
from search.journal import judged, keeps, load_optuna, open_study, seal
from tf_lpdistill import data, guidance, taps
from tf_lpdistill.files import json_sha256
from tf_lpdistill.ops import center, nearest_rows

_KD, _LP = METHODS["kd_lp"].terms
# KD + LP as it is without tuning: the first trial, and what tuning is compared with.
START = {
    "kd_weight": _KD.weight,
    "temperature": _KD.arguments["temperature"],
    "lp_weight": _LP.weight,
    "k": _LP.arguments["num_neighbors"],
    "sigma": 1.0,
    "pair": 0,
}
_NUM_PAIRS = 4  # layer pairs to choose from, of guidance.suggest_layers


@dataclasses.dataclass(frozen=True)
class Search:
    """A search over KD + LP: weights, temperature, k, sigma and layers.

    Args:
        comparison: the `Comparison` that trains a student; its first seed is the trials'.
        pairs: list of (teacher's layer, student's layer) to choose from.
        scales: {teacher's layer: root mean squared distance to the 5 nearest in a batch}, the unit
            of sigma.
    """

    comparison: Comparison
    pairs: list
    scales: dict

    @classmethod
    def of(cls, comparison):
        """Finds the layers on the training images."""
        trainer, teacher = comparison.trainer, comparison.teacher
        split = trainer.data.train.subset(comparison.num_labels, comparison.seeds[0])
        batches = data.training_batches(
            split, trainer.preprocessing, trainer.batch_size, seed=comparison.seeds[0]
        )
        found = guidance.suggest_layers(teacher, comparison.build_student(), batches)
        ranked = [(pair.teacher, pair.student) for pair in found]
        pairs = list(dict.fromkeys([found.names, *ranked]))[:_NUM_PAIRS]  # the suggested one first
        features = taps.Tap(teacher, [name for name, _ in pairs])(next(iter(batches))[0])[1]
        return cls(comparison, pairs, {name: _scale(value) for name, value in features.items()})

    def draw(self, trial):
        """Draws a setting; scales are searched evenly in their logarithm."""
        largest = max(START["k"], min(20, self.comparison.trainer.batch_size - 1))
        return {
            "kd_weight": trial.suggest_float("kd_weight", 0.01, 10.0, log=True),
            "temperature": trial.suggest_float("temperature", 1.0, 16.0, log=True),
            "lp_weight": trial.suggest_float("lp_weight", 0.001, 1.0, log=True),
            "k": trial.suggest_int("k", 1, largest),
            "sigma": trial.suggest_float("sigma", 0.25, 4.0, log=True),
            "pair": trial.suggest_int("pair", 0, len(self.pairs) - 1),
        }

    def method(self, title, setting):
        """The `Method` of a setting."""
        pair = self.pairs[setting["pair"]]
        kd = {"temperature": setting["temperature"]}
        sigma = setting["sigma"] * self.scales[pair[0]]
        lp = {"num_neighbors": setting["k"], "bandwidth": sigma}
        terms = (
            MethodTerm("soft_target", setting["kd_weight"], arguments=kd),
            MethodTerm("locality_preserving", setting["lp_weight"], lambda _: [pair], lp),
        )
        return Method(title, terms)

    def run(self, num_trials):
        """Runs the trials that are missing.

        Args:
            num_trials: how many there are to be, those of earlier runs included.

        Returns:
            The Optuna study; its trials are kept in `trials.journal` of the run folder.

        Raises:
            ImportError: without Optuna.
            ValueError: when that file is damaged.
            RuntimeError: when no trial could be trained to its end.
        """
        optuna = load_optuna()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = open_study(self.comparison.trainer.run.path("trials.journal"))
        if not any(keeps(trial, START) for trial in study.trials):
            study.enqueue_trial(START)
        for number in range(len(judged(study)), num_trials):
            # A draw depends on the judged trials alone: a search that was killed draws the same.
            study.sampler = optuna.samplers.TPESampler(seed=self.comparison.seeds[0] + number)
            study.optimize(self._judge, n_trials=1)
        if not study.get_trials(states=[optuna.trial.TrialState.COMPLETE]):
            reasons = {trial.user_attrs.get("failed") for trial in study.trials} - {None}
            raise RuntimeError(
                f"None of the {num_trials} trials could be trained to its end, so that "
                "there is no best one. Mend the data, the teacher or the optimizer first: train "
                f"the same with recipes/compare.py. Received: {sorted(reasons)}"
            )
        return study

    def _judge(self, trial):
        setting = self.draw(trial)
        digest = json_sha256(setting)[:8]  # no setting finds the student of another one
        key = f"trial{len(judged(trial.study)):04d}-{digest}"
        methods = {key: self.method(key, setting)}
        one = dataclasses.replace(self.comparison, methods=methods, seeds=self.comparison.seeds[:1])
        (result,) = one.run()[key]
        if "failed" in result:
            trial.set_user_attr("failed", result["failed"])
            seal(trial, result["failed"])
            raise load_optuna().TrialPruned(result["failed"])
        seal(trial, result["validation_accuracy"])
        return result["validation_accuracy"]


def _scale(features):
    """The root mean squared distance to the nearest five."""
    distances = nearest_rows(center(features), START["k"])[1]
    return max(float(np.sqrt(ops.mean(distances))), 1e-6)
