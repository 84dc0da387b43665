"""What a maintainer runs on mmwp-mini's translations. `python -m dev.mmwp_mini --help` lists it.

- `parallel`: is a translation parallel to the English set?
- `wording`: do names, calendar words, numbers in words and listed words stand where they must?
- `orthography`: rules of one language's spelling, and Hunspell's dictionaries
- `corrections`: is a file of corrections sound, and does the set stay sound with it?
- `retrieval`: does an encoder find the English problem of each translation?
"""
