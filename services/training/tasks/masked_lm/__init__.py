"""Masked language modelling as a task: texts without labels teach an encoder their language (Devlin et al. 2019, arXiv:1810.04805)."""
