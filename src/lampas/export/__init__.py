"""Models as files for other programs: ONNX, torch.export, plain weights; each one checked."""
