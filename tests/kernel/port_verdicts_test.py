"""The verdicts on ports themselves: right samples pass, of wrong ones every kind is found."""

import math
import random
import unittest

import chi_square
import port_samples
import port_verdicts
from port_samples import RANGE, Sample

LOW, HIGH = RANGE
WIDTH = HIGH - LOW + 1
SECONDS = port_samples.PAUSES * port_samples.PAUSE_MS / 1000


class Allocator:
    """Linux' ports to one destination, with switches for what may be broken."""

    def __init__(self, chance, span=RANGE, **broken):
        self.chance, self.span, self.broken = chance, span, broken
        self.width = span[1] - span[0] + 1
        self.fresh_start()
        self.taken = set()

    def fresh_start(self):
        self.offset = self.broken.get("start", self.chance.randrange(self.width) & ~1)

    def connect(self):
        noise = self.broken.get("noise", range(8))
        halves = (0, 1) if not self.broken.get("odd_first") else (1, 0)
        for parity in halves:
            first = self.offset + parity
            if parity == halves[1] and "second_start" in self.broken:
                first = self.broken["second_start"]
            for i in range(0, self.width, 2):
                port = self.span[0] + (first + i) % self.width
                if port not in self.taken:
                    self.offset += max(i, 2 * self.chance.choice(noise)) + self.broken.get("step", 2)
                    return port
        return "EADDRNOTAVAIL"


def one_destination(chance, **broken):
    one = Allocator(chance, **broken)
    return Sample([one.connect() for _ in range(port_samples.CONNECTS)], 0.4)


def slowly(chance, starts=(70,), **broken):
    each = [Allocator(chance, **broken) for _ in range(port_samples.SLOW)]
    ports = []
    for i in range(port_samples.PAUSES * port_samples.BETWEEN // port_samples.SLOW):
        for one in each:
            if i in starts:
                one.fresh_start()
            ports.append(one.connect())
    return Sample(ports, SECONDS)


def destinations(chance, **broken):
    return Sample([Allocator(chance, **broken).connect() for _ in range(port_samples.DESTINATIONS)], 0.4)


def narrow(chance, tries=port_samples.NARROW[1] - port_samples.NARROW[0] + 2, **broken):
    ports = []
    for _ in range(port_samples.NARROWS):
        one = Allocator(chance, port_samples.NARROW, **broken)
        for _ in range(tries):
            ports.append(one.connect())
            one.taken.add(ports[-1])
    return Sample(ports, 0.4)


def drawn(draw):
    return Sample([draw() for _ in range(port_samples.BINDS)], 0.4)


def bind(chance, high=HIGH):
    return drawn(lambda: chance.randrange(LOW + 1, high + 1, 2))


def walk(chance):
    """Each port a little above the one before: odd, all over the range, and no draw of its own."""
    at = chance.randrange(WIDTH)

    def draw():
        nonlocal at
        at += 2 * chance.randrange(1, 200)
        return LOW + at % WIDTH | 1
    return drawn(draw)


def lower(chance):
    return bind(chance, port_verdicts.lower_half(RANGE)[1])


RIGHT = {"one_destination": one_destination, "slowly": slowly, "destinations": destinations, "narrow": narrow,
         "bind": bind, "bind_reuse": lower}
WRONG = {
    "one_destination": {
        "the next free port": lambda c: one_destination(c, noise=[0]),
        "steps of any parity": lambda c: one_destination(c, step=1),
        "the other parity": lambda c: one_destination(c, odd_first=True),
        "one step is never made": lambda c: one_destination(c, noise=range(7)),
        "short steps are likelier": lambda c: one_destination(c, noise=[0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7]),
        "steps in turn": lambda c: turns(c),
        "a fresh start every time": lambda c: bind_even(c)},
    "slowly": {
        "never a fresh start": lambda c: slowly(c, starts=()),
        "a fresh start every second": lambda c: slowly(c, starts=range(0, 140, 13))},
    "destinations": {
        "one start for all": lambda c: destinations(c, start=1000),
        "starts in a half of the range": lambda c: drawn(lambda: LOW + c.randrange(0, WIDTH // 2, 2)),
        "starts at multiples of 16": lambda c: drawn(lambda: LOW + c.randrange(0, WIDTH, 16)),
        "one after the other": lambda c: Sample(one_destination(c).ports[:1000], 0)},
    "narrow": {
        "any port of the range": lambda c: any_order(c),
        "odd ports first": lambda c: narrow(c, odd_first=True),
        "the second half begins at its first": lambda c: narrow(c, second_start=1),
        "the next free port": lambda c: narrow(c, noise=[0]),
        "one port is never found": lambda c: never_found(c)},
    "bind": {
        "the parity of connect()": lambda c: bind_even(c),
        "any parity": lambda c: drawn(lambda: c.randint(LOW, HIGH)),
        "a walk through the range": walk,
        "the lower half": lower,
        "few low bits": lambda c: drawn(lambda: c.randrange(LOW + 1, HIGH, 2) & ~6),
        "every other draw is in the upper half": lambda c: by_turns(c)},
    "bind_reuse": {"the whole range": bind, "the parity of connect()": lambda c: bind_even(c)},
}


def turns(chance):
    """All steps equally often, but in order."""
    at = LOW + (chance.randrange(WIDTH) & ~1)
    ports = []
    for i in range(port_samples.CONNECTS):
        at += 2 + 2 * (i % 8)
        ports.append(LOW + (at - LOW) % WIDTH)
    return Sample(ports, 0)


def bind_even(chance):
    return drawn(lambda: chance.randrange(LOW, HIGH, 2))


def any_order(chance):
    low, high = port_samples.NARROW
    ports = []
    for _ in range(port_samples.NARROWS):
        ports += chance.sample(range(low, high + 1), high + 1 - low) + ["EADDRNOTAVAIL"]
    return Sample(ports, 0)


def never_found(chance):
    right = narrow(chance)
    return right._replace(ports=["EADDRNOTAVAIL" if p == port_samples.NARROW[1] else p for p in right.ports])


def by_turns(chance):
    half = WIDTH // 2 & ~1
    upper = [False]

    def draw():
        upper[0] = not upper[0]
        return chance.randrange(LOW + 1, LOW + half, 2) + half * upper[0]
    return drawn(draw)


class Verdicts(unittest.TestCase):
    def test_two_right_samples_are_drawn_alike(self):
        for name, draw in RIGHT.items():
            for seed in range(20):
                with self.subTest(name, seed=seed):
                    chance = random.Random(seed)
                    self.assertEqual(port_verdicts.VERDICTS[name](draw(chance), draw(chance)), [])

    def test_a_wrong_sample_is_found_on_either_side(self):
        for name, kinds in WRONG.items():
            for kind, draw in kinds.items():
                for seed in range(5):
                    with self.subTest(name, kind=kind, seed=seed):
                        chance = random.Random(seed)
                        right, wrong = RIGHT[name](chance), draw(chance)
                        self.assertTrue(port_verdicts.VERDICTS[name](right, wrong))
                        self.assertTrue(port_verdicts.VERDICTS[name](wrong, right))


class ChiSquare(unittest.TestCase):
    def test_its_tail_is_that_of_the_tables(self):
        for freedom, at, chance in [(1, 3.841459, 0.05), (2, 5.991465, 0.05), (7, 14.067140, 0.05),
                                    (7, 24.321886, 0.001), (63, 82.528727, 0.05), (63, 103.442, 0.001)]:
            self.assertAlmostEqual(chi_square.tail(at, freedom) / chance, 1, places=3)

    def test_samples_of_two_sizes_are_weighed(self):
        statistic, freedom, chance = chi_square.two_samples("a" * 30 + "b" * 70, "a" * 300 + "b" * 700)
        self.assertTrue(math.isclose(statistic, 0, abs_tol=1e-9) and freedom == 1 and chance > 0.99)
        statistic, freedom, chance = chi_square.two_samples("a" * 50 + "b" * 50, "a" * 70 + "b" * 30)
        self.assertAlmostEqual(statistic, 8.3333, places=3)   # 200 (50 30 - 50 70)^2 / (100 100 120 80)
        self.assertEqual(freedom, 1)

    def test_nothing_is_not_something(self):
        self.assertEqual(chi_square.two_samples([], [])[2], 1)
        self.assertEqual(chi_square.two_samples([], "abc")[2], 0)


if __name__ == "__main__":
    unittest.main()
