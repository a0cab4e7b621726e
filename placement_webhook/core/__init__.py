"""From a pod and a plan to a patch. Pods are plain data, and unknown fields survive."""
