"""The webhook's conversations: HTTPS, admission reviews, certificates."""
