"""Who decides how many replicas there are: ours, the peers' and an oracle, behind one small interface (ADR 0015)."""
