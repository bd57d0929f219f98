"""Keras-style training for PyTorch."""
