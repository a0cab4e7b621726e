"""The scaler's conversations: Prometheus, engines, KEDA, the state file, the page."""
