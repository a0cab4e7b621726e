"""The clockwork around the coordinator: gather, tick, persist, publish."""
