"""Measurements that print a table and a ratio. Not tests: what they say depends on the machine."""
