"""A prefill/decode world to try the program on."""
