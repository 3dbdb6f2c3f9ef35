"""An app's view of a bundle: MediaPipe Tasks alone, in an environment without TensorFlow.

    python mediapipe_client.py IMAGES.npz FILE.tflite ...

The .npz holds x, (n, height, width, 3) uint8. Prints one JSON object: for each file the index, the
name and the score of the first class of each image.
"""

import json
import sys

import mediapipe
import numpy as np
from mediapipe.tasks.python import BaseOptions, vision


def classify(path, images):
    """Returns [(index, name, score), ...] of one file."""
    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=path))
    with vision.ImageClassifier.create_from_options(options) as classifier:
        results = []
        for pixels in images:
            image = mediapipe.Image(mediapipe.ImageFormat.SRGB, np.ascontiguousarray(pixels))
            best = classifier.classify(image).classifications[0].categories[0]
            results.append((best.index, best.category_name, best.score))
    return results


def main():
    pixels = np.load(sys.argv[1])["x"]
    print("RESULTS" + json.dumps({path: classify(path, pixels) for path in sys.argv[2:]}))


if __name__ == "__main__":
    main()
