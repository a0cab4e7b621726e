"""The types of a DisaggregatedService and their faults. Knows no file, no clock and no Kubernetes."""
