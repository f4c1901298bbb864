"""Scoring of sentence encoders: task files and protocols, STS, geometry of the vectors, error bars."""
