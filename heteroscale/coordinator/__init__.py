"""One tick over all services: propose, place, commit. Pure."""
