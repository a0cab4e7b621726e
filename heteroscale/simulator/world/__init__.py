"""The prefill/decode world: pure, driven by the times it is given, the same for the same seed."""
