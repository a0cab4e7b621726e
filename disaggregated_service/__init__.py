"""The noun every package shares: one model served by one prefill pool and one decode pool."""
