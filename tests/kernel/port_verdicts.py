"""What is the same of the ports that two kernels hand out, though every port is drawn.

A verdict takes two samples of `port_samples` and returns what differs, as texts; none if they are of one
allocator as far as can be told. Each side has to keep the rules that no chance bends (parity, a fresh start
with every window, one half after the other); the rest is compared as distributions."""
import chi_square
import port_samples

STEPS = tuple(range(2, 17, 2))   # from one port to the next to the same destination
HALF = (port_samples.NARROW[1] - port_samples.NARROW[0] + 1) // 2


def width(span):
    return span[1] - span[0] + 1


def steps(ports, span=port_samples.RANGE):
    return [(after - before) % width(span) for before, after in zip(ports, ports[1:])]


def pairs(values):
    """Neighbours, each value once: were they independent, so are the pairs."""
    return list(zip(values[::2], values[1::2]))


def compared(what, first, second):
    statistic, freedom, chance = chi_square.two_samples(first, second)
    if chance >= chi_square.SIGNIFICANCE:
        return []
    return [f"{what}: chi-square {statistic:.1f} with {freedom} degrees of freedom, {chance:.1e} by chance"]


def of_each(rule, first, second):
    return [f"{side}: {text}" for side, sample in (("simulated", first), ("kernel", second))
            for text in rule(sample)]


def drawn_from(parity, span):
    """All ports are of one parity and of a range."""
    def rule(sample):
        wrong = [p for p in sample.ports if not isinstance(p, int) or p % 2 != parity
                 or not span[0] <= p <= span[1]]
        if not wrong:
            return []
        return [f"{len(wrong)} of {len(sample.ports)} are not of {span} with parity {parity}, {wrong[0]} first"]
    return rule


def fresh_starts(destinations):
    """One with every window, and else none. (A start may by chance look like a step, but not everywhere.)"""
    def rule(sample):
        windows = int(sample.seconds // port_samples.WINDOW)
        starts = [sum(step not in STEPS for step in steps(sample.ports[n::destinations]))
                  for n in range(destinations)]
        fits = all(n <= windows + 1 for n in starts) and (destinations == 1 or max(starts) >= windows)
        return [] if fits else [f"{starts} fresh starts in {sample.seconds:.1f} s"]
    return rule


def one_destination(first, second):
    found = of_each(drawn_from(0, port_samples.RANGE), first, second)
    found = found or of_each(fresh_starts(1), first, second)
    if found:
        return found
    walks = [[step for step in steps(sample.ports) if step in STEPS] for sample in (first, second)]
    return (compared("steps", *walks) +
            compared("a step and the next", *(pairs(walk) for walk in walks)))


def slowly(first, second):
    found = of_each(drawn_from(0, port_samples.RANGE), first, second)
    return found or of_each(fresh_starts(port_samples.SLOW), first, second)


def independent(parity, span):
    """Every port is a draw of its own, from the whole of a range."""
    def verdict(first, second):
        found = of_each(drawn_from(parity, span), first, second)
        if found:
            return found
        sides = [sample.ports for sample in (first, second)]
        places = [[8 * (p - span[0]) // width(span) for p in ports] for ports in sides]
        bits = [[p // 2 % 8 for p in ports] for ports in sides]
        ways = [[64 * step // width(span) for step in steps(ports, span)] for ports in sides]
        return (compared("eighths of the range", *places) +
                compared("an eighth and the next", *(pairs(place) for place in places)) +
                compared("low bits", *bits) +
                compared("low bits and the next", *(pairs(bit) for bit in bits)) +
                compared("how far up to the next, in 64ths", *ways))
    return verdict


def by_destination(sample):
    """Ports as often as the range is wide, and what the one call more answered."""
    tries = 2 * HALF + 1
    return [sample.ports[i:i + tries] for i in range(0, len(sample.ports), tries)]


def used_up(sample):
    """To each destination: every port of the parity of the range's first, then the others, then an errno."""
    span = range(port_samples.NARROW[0], port_samples.NARROW[1] + 1)
    right = set(span[::2]), set(span[1::2]), "EADDRNOTAVAIL"
    for n, ports in enumerate(by_destination(sample)):
        if (set(ports[:HALF]), set(ports[HALF:-1]), ports[-1]) != right:
            return [f"to destination {n}: {ports}"]
    return []


def narrow(first, second):
    found = of_each(used_up, first, second)
    if found:
        return found
    sides = [by_destination(sample) for sample in (first, second)]
    for n in range(2 * HALF):
        found += compared(f"port {n + 1} of each destination", *([ports[n] for ports in side] for side in sides))
    for n in range(1, 2 * HALF):
        found += compared(f"the step to port {n + 1} of each destination", *(
            [(ports[n] - ports[n - 1]) % (2 * HALF) for ports in side] for side in sides))
    return found


def lower_half(span):
    """Where bind() to port 0 with SO_REUSEADDR looks first."""
    return span[0], span[0] + width(span) // 4 * 2 - 1


VERDICTS = {
    "one_destination": one_destination,
    "slowly": slowly,
    "destinations": independent(0, port_samples.RANGE),
    "narrow": narrow,
    "bind": independent(1, port_samples.RANGE),
    "bind_reuse": independent(1, lower_half(port_samples.RANGE)),
}
