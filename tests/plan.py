"""The plan of the house: what may be where. `tests/house.py` reads the code by it."""

PACKAGE = "tf_lpdistill"
SCRIPTS = ("recipes/", "export/", "benchmarks/")

# What each part of the package imports, from the bottom to the top: never a part below it here.
PLAN = {
    **dict.fromkeys(["types", "ops", "files", "schedules", "preprocessing", "batch"], set()),
    **dict.fromkeys(["backend", "class_names", "cluster", "structure", "supervision"], set()),
    "losses": {"ops"},
    "metrics": {"ops"},
    "graph": {"files", "ops"},
    "data": {"class_names", "files", "preprocessing"},
    "models": {"ops", "preprocessing", "structure"},
    "taps": {"structure"},
    "teachers": {"batch", "files", "taps"},
    "rendezvous": {"cluster"},
    "distribution": {"cluster", "files", "ops", "rendezvous"},
    "backup": {"cluster", "distribution", "files"},
    "saving": {"distribution", "files", "ops"},
    "workers": {"distribution", "ops", "saving"},
    "term_metrics": {"ops"},
    "terms": {"losses", "ops", "teachers"},
    "wiring": {"batch", "taps", "teachers", "terms"},
    "objective": {"batch", "ops", "supervision", "terms", "wiring"},
    "first_batch": {"batch", "losses", "ops", "supervision", "taps", "terms"},
    "distiller": {
        "batch", "first_batch", "objective", "ops", "saving", "structure", "supervision",
        "teachers", "term_metrics", "terms", "wiring", "workers",
    },
    "guidance": {
        "batch", "distiller", "first_batch", "losses", "metrics", "ops", "preprocessing",
        "structure", "taps", "teachers", "terms", "wiring",
    },
    "callbacks": {
        "batch", "distiller", "files", "guidance", "metrics", "ops", "taps", "teachers", "terms",
    },
    "compression": {"batch", "files", "structure", "taps"},
    "tflite": {"class_names", "compression", "files", "preprocessing", "saving", "structure"},
    "report": {"files"},
}  # fmt: skip

# What each room of the recipes imports of the others, from the bottom to the top as well. What runs
# imports any of them, and none imports what runs.
ROOMS = {
    **dict.fromkeys(["machine", "roles", "run_folder", "stages"], set()),
    "common": {"machine", "run_folder"},
    "teaching": {"roles", "run_folder"},
    "given": {"common", "teaching"},
    "results": {"machine", "run_folder", "teaching"},
    "comparing": {"common", "given", "results", "roles", "teaching"},
    "methods": {"comparing", "stages"},
    "papers": {"common", "comparing", "methods", "results", "stages", "teaching"},
    "photo_folder": {"comparing", "given", "results", "teaching"},
    "streamed": {"comparing", "given", "results", "run_folder", "teaching"},
    "search": {"comparing", "methods", "results"},
    "shrinking": {"results", "teaching"},
    "locality": {"given", "machine", "methods", "results", "roles", "teaching"},
    "explained": {"results", "teaching"},
}

# Where packages from outside are imported, "" for anywhere; others are not.
_TFMOT = f"{PACKAGE}/compression/_tfmot/"
FOREIGN = {
    **dict.fromkeys(["keras", "numpy", "tensorflow"], ""),
    "absl": SCRIPTS,
    **dict.fromkeys(["ai_edge_litert", "flatbuffers"], f"{PACKAGE}/tflite/"),
    "h5py": (f"{PACKAGE}/saving.py", f"{PACKAGE}/tflite/"),
    "faiss": f"{PACKAGE}/graph/faiss_search.py",
    "keras_hub": f"{PACKAGE}/models/",
    "matplotlib": "recipes/locality/plots.py",
    "optuna": ("recipes/locality/space.py", "recipes/search/journal.py"),
    "scipy": "recipes/locality/intervals.py",
    "tensorflow_datasets": (f"{PACKAGE}/data/", "recipes/streamed/streams.py"),
    **dict.fromkeys(["tensorflow_model_optimization", "tf_keras"], _TFMOT),
    "torch": "benchmarks/torch_step.py",
    "tqdm": ("recipes/teaching/progress.py", f"{PACKAGE}/"),
}
# Imported where they are used, never when a file of the package is.
LAZY = set(FOREIGN) - {"keras", "numpy", "tensorflow", "absl", "flatbuffers", "h5py"}
# What these packages keep to themselves.
INNER = ("keras.src", "tensorflow.keras", "tensorflow.python")
# Private names of theirs without a public way, each in one place.
PRIVATE = {
    "_compile_loss": f"{PACKAGE}/distiller.py",
    "_flatten_layers": f"{PACKAGE}/tflite/keras_student.py",
    "_inputs": f"{PACKAGE}/data/sample_ids.py",
    "_keras_history": f"{_TFMOT}convert.py",
    "_maybe_symbolic_build": f"{PACKAGE}/workers.py",
    "_run_through_graph": f"{PACKAGE}/structure.py",
    "_standardize_inputs": f"{PACKAGE}/structure.py",
    "_weight_vars": f"{_TFMOT}quantization.py",
}
