"""LinguaLIFT: lift an English-centric LLM to low-resource languages without parallel data (arXiv
2412.12499).
"""

__version__ = "0.2.0"
