"""Where: from nodes, pods and wished pairs to deployment groups in network domains."""
