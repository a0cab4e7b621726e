"""Presets: under which names each engine publishes the signals. They know names, never how a name is asked for."""
