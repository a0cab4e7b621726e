"""How many: from one service's readings to the pair of replica counts it should have."""
