"""Everything that comes from outside: what it is (`sources`), who delivers it (`clients`), how it
arrives (`fetch`, `unpack`).
"""
