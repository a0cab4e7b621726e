"""KEDA's wire contract, generated from proto/ by scaler.wire.generate; never edited."""
