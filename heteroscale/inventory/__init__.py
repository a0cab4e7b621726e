"""What is in a cluster, as reduced records: nodes and pods as plain objects in, the pre-scheduler's records out."""
