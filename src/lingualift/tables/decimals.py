"""How tables print percentages."""


def to_one_decimal(value: float, sign: str = "") -> str:
    """A number to one decimal, `sign="+"` with its sign. What differs from a tie by an error of
    rounding alone is the tie, which goes to the even digit: 16.25, however it was summed, is 16.2.
    """
    return f"{round(value, 6) + 0.0:{sign}.1f}"
