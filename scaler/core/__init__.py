"""The policy. Values in, values out: no clock, no I/O, no logger."""
