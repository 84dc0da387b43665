"""Machine translation of questions into English, for the system Translate-En: one function over
several engines.
"""
