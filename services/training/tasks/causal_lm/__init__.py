"""Causal language modelling as a task: texts without labels teach a decoder their language (Radford et al. 2019)."""
