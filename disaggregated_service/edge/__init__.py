"""Where services come from and go to: YAML files and folders, the generated CRD."""
