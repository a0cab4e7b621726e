"""The controller over recorded series, open loop: what it would have wished, against what ran."""
