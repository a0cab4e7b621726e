"""The pre-scheduler. Values in, values out; strangers to scaler and webhook."""
