"""Code-switched data (section 3.2): English queries tagged once, then one corpus a language from
its lexicon.
"""
