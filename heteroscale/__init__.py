"""The program made of the three layers."""
