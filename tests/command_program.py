"""What test_commands.py runs once: reads command lines by the flags of their scripts.

Takes a JSON list of `[script, argument, ...]`, prints a JSON list of what is wrong with each, or
null. No script gets beyond the definition of its flags. One "..." among the arguments stands for
those that are left out, and the flags that the script cannot do without may be among them.
"""

import json
import pathlib
import runpy
import sys

from absl import app, flags
from absl.testing import flagsaver

ROOT = pathlib.Path(__file__).parents[1]


def fault(script, *arguments):
    """What the script would say of its flags, in words, or None."""
    sys.path.insert(0, str((ROOT / script).parent))
    sys.argv = [script]
    loaded = set(sys.modules)
    with flagsaver.flagsaver():  # takes the script's flags away again
        try:
            runpy.run_path(str(ROOT / script), run_name="__main__")
            given = [argument for argument in arguments if argument != "..."]
            if len(given) < len(arguments):
                for name in flags.FLAGS:
                    flags.FLAGS[name].validators.clear()
            left = flags.FLAGS([script, *given])[1:]
        except (flags.Error, OSError) as error:
            return str(error)
        finally:
            sys.path.pop(0)
            # The next script has a module of the same name, or defines these flags once more.
            for name in set(sys.modules) - loaded:
                if pathlib.Path(getattr(sys.modules[name], "__file__", None) or "/").parent in (
                    ROOT / folder for folder in ("recipes", "export", "benchmarks")
                ):
                    del sys.modules[name]
    return f"does not take {left}" if left else None


if __name__ == "__main__":
    app.run = lambda *_, **__: None  # what every script ends in
    print(json.dumps([fault(*command) for command in json.loads(sys.argv[1])]))
