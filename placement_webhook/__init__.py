"""Puts pods there: an admission webhook that applies the deployment groups it is given."""
