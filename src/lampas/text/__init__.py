"""`lampas.texts`: texts in, classes or values out: read, tokenise, batch, nets, task."""
