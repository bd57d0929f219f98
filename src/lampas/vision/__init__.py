"""Images: found, decoded, augmented, learnt from (`lampas.images`)."""
