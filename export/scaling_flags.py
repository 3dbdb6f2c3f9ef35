"""The flags that say what a saved model was trained on, for the scripts that take one."""

from absl import flags

_SCALINGS = ["0..255", "0..1", "-1..1", "mean_std"]

SCALING = flags.DEFINE_enum(
    "input_scaling",
    None,
    _SCALINGS,
    "The range of pixel values that the model was trained on. A model that scales inside "
    "(a Rescaling layer) was trained on 0..255.",
)
MEAN = flags.DEFINE_list(
    "mean", None, "For mean_std: one number, or one a channel, in pixel units 0..255."
)
STD = flags.DEFINE_list(
    "std", None, "For mean_std: one number, or one a channel, in pixel units 0..255."
)


def preprocessing_of(model):
    """Returns the `Preprocessing` of a model: its own size and colour, the scaling of the flags."""
    from tf_lpdistill import preprocessing

    mean, std = _numbers(MEAN), _numbers(STD)
    return preprocessing.of_model(model, scaling=SCALING.value, mean=mean, std=std)


def _numbers(flag):
    if flag.value is None:
        return None
    try:
        return tuple(float(value) for value in flag.value)
    except ValueError as error:
        raise ValueError(
            f"--{flag.name} must be numbers, separated by commas. "
            f"Received: --{flag.name}={','.join(flag.value)}"
        ) from error
