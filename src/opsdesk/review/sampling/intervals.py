"""How far a share that was seen in a few may be from the share in all. Pure."""

from math import sqrt

Z_95 = 1.959963984540054
"""The quantile 0.975 of the standard normal distribution."""
JUDGED_MIN = 20
"""With fewer of them a share is too uncertain to be told of a person."""


def wilson_95(found: int, of: int) -> tuple[float, float] | None:
    """The 95 % score interval of a share, 0 to 1; None where there is nothing to tell it from.

    Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the
    American Statistical Association 22 (1927), pages 209-212; as NIST/SEMATECH e-Handbook of Statistical Methods,
    section 7.2.4.1, writes it. Without a correction for continuity.
    """
    if of == 0:
        return None
    assert 0 <= found <= of, "a share is of what there is"
    share, z2 = found / of, Z_95 * Z_95
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    reach = Z_95 * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    # At the ends the formula comes to 0 and 1, and the arithmetic only nearly.
    low = 0.0 if found == 0 else max(0.0, middle - reach)
    high = 1.0 if found == of else min(1.0, middle + reach)
    return low, high
