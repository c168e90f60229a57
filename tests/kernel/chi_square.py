"""Are two samples of counted things drawn from one distribution? Pearson's chi-square of two samples."""
import collections
import math

SIGNIFICANCE = 1e-6   # of one comparison: what chance fails, in a suite run daily, once in millennia
SMALL = 10            # things rarer than this in both samples together are counted as one thing


def tail(statistic, freedom):
    """P(chi-square with so many degrees of freedom > statistic); exact, Abramowitz & Stegun 26.4.4 and 5."""
    if statistic <= 0:
        return 1.0
    term = 1.0 if freedom % 2 == 0 else math.sqrt(2 * statistic / math.pi)
    total = 0.0
    for divisor in range(2 + freedom % 2, freedom + 1, 2):
        total += term
        term *= statistic / divisor
    total *= math.exp(-statistic / 2)
    return total if freedom % 2 == 0 else total + math.erfc(math.sqrt(statistic / 2))


def two_samples(first, second):
    """(statistic, degrees of freedom, probability of a larger one by chance)."""
    one, other = collections.Counter(first), collections.Counter(second)
    rare = [thing for thing in one | other if one[thing] + other[thing] < SMALL]
    for counts in (one, other):
        counts["rare"] = sum(counts.pop(thing, 0) for thing in rare)
    things = [thing for thing in one | other if one[thing] + other[thing] > 0]
    n, m = one.total(), other.total()
    if n == 0 or m == 0:
        return 0.0, 0, 1.0 if n == m else 0.0
    statistic = sum((one[t] * math.sqrt(m / n) - other[t] * math.sqrt(n / m)) ** 2 / (one[t] + other[t])
                    for t in things)
    freedom = len(things) - 1
    return statistic, freedom, tail(statistic, freedom) if freedom > 0 else 1.0
