"""The tests: one folder a package, and contract, control_plane and architecture beside them."""
