"""Histories as command lines for `parcours load`: the study of 2022-2024, and plausible ones of any size."""
