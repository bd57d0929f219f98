"""Why a model says what it says: columns that matter, pixels, words.

`TabularModel.importance`, `ImageModel.saliency` and `TextModel.attributions` are the ways in.
"""

from lampas.reasons.methods import Gradient, Integrated, Occlusion, SmoothGradient

__all__ = ["Gradient", "Integrated", "Occlusion", "SmoothGradient"]
