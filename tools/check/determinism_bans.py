#!/usr/bin/env python3
"""Fails on what would make a run depend on the machine, in the layers that a trace comes from.

All of sim/ but real and report. Exceptions with their reasons: determinism_allowed.txt.
`--self-test` plants one violation of each kind and proves that it is found.
"""

import fnmatch
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support import source_tree  # noqa: E402

EXEMPT = {"real", "report"}  # they touch the world, or come after the digest
ALLOWED = "tools/check/determinism_allowed.txt"

# rule -> (what is looked for in code without comments and literals, why)
RULES = {
    "unordered_container": (r"\bunordered_(?:multi)?(?:map|set)\b", "iteration order is the library's"),
    "std_hash": (r"\bstd\s*::\s*hash\b", "its value is the library's"),
    "rand": (r"(?<![\w.>])s?rand\s*\(|\b[dlm]rand48\b", "a shared generator; use core::random_stream"),
    "std_random": (
        r"#\s*include\s*<random>|\bmt19937(?:_64)?\b|\bminstd_rand0?\b|\brandom_device\b"
        r"|\bdefault_random_engine\b|\bstd\s*::\s*\w+_distribution\b",
        "distributions differ between libraries; use core::random_stream",
    ),
    "wall_clock": (
        r"\b(?:system|steady|high_resolution|utc|file)_clock\b|\bgettimeofday\b|\bclock_gettime\b"
        r"|(?<![\w.>])time\s*\(\s*(?:NULL|nullptr|0|&\w+)\s*\)|\b__rdtscp?\b",
        "the only clock is virtual time",
    ),
    "thread_local": (r"\bthread_local\b", "state must belong to a world"),
    "mutable_static": (
        # `static` up to what ends the declarator: '(' is a function, the others are a variable
        r"\bstatic\s+(?![^;={}()]*\b(?:const|constexpr|constinit)\b)[^;={}()]*[;={]",
        "state must belong to a world",
    ),
    "pointer_key": (
        r"\b(?:multi)?(?:map|set)\s*<\s*(?:const\s+)?[\w:]+(?:\s+const)?\s*\*",
        "the order is that of addresses",
    ),
    "floating_point": (r"\b(?:float|double)\b", "results differ between compilers; use integers"),
}
RULES = {rule: (re.compile(pattern), why) for rule, (pattern, why) in RULES.items()}


def read_allowed(root):
    """[(glob, rule)] of the exceptions, in file order."""
    path = root / ALLOWED
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        if line.strip() and not line.startswith("#"):
            glob, rule, reason = (part.strip() for part in line.split("|", 2))
            assert rule in RULES and reason, f"{ALLOWED}: {line}"
            rows.append((glob, rule))
    return rows


def check(root):
    allowed, used, findings = read_allowed(root), set(), []
    for path in source_tree.files(root, "sim"):
        if path.parts[1] in EXEMPT:
            continue
        code = source_tree.code_of((root / path).read_text(encoding="utf-8"))
        for rule, (pattern, why) in RULES.items():
            for match in pattern.finditer(code):
                excuse = [a for a in allowed if a[1] == rule and fnmatch.fnmatch(str(path), a[0])]
                used.update(excuse)
                if not excuse:
                    line = source_tree.line_of(code, match.start())
                    what = " ".join(match.group(0).split())
                    findings.append(f"{path}:{line}: {rule}: {what}: {why}")
    findings += [f"{ALLOWED}: {glob} | {rule} excuses nothing" for glob, rule in allowed if (glob, rule) not in used]
    return findings


def self_test():
    bad = {
        "unordered_container": ["std::unordered_map<int, int> m;", "std::unordered_set<int> s;"],
        "std_hash": ["auto h = std::hash<int>{}(1);"],
        "rand": ["int x = rand();", "srand(1);", "auto d = drand48();"],
        "std_random": ["#include <random>", "std::mt19937 g;", "std::uniform_int_distribution<int> d;"],
        "wall_clock": [
            "auto t = std::chrono::steady_clock::now();",
            "auto t = std::chrono::system_clock::now();",
            "using c = std::chrono::high_resolution_clock;",
            "auto t = time(NULL);",
            "auto t = std::time(nullptr);",
            "gettimeofday(&tv, 0);",
            "clock_gettime(0, &ts);",
        ],
        "thread_local": ["thread_local int x;"],
        "mutable_static": ["static int calls = 0;", "static std::vector<int> v;", "static int n{3};", "inline static int x;"],
        "pointer_key": ["std::map<host*, int> m;", "std::set<const ns::host *> s;"],
        "floating_point": ["double x;", "float f(int);", "long double y;"],
    }
    assert set(bad) == set(RULES)
    for rule, lines in bad.items():
        for text in lines:
            found = source_tree.check_planted(check, "sim/host/a.cpp", f"// x\n{text}\n")
            assert len(found) == 1 and f"a.cpp:2: {rule}:" in found[0], (rule, text, found)
            assert not source_tree.check_planted(check, "sim/real/a.cpp", text), (rule, text)
            excused = {ALLOWED: f"sim/host/*.cpp | {rule} | a reason\n"}
            assert not source_tree.check_planted(check, "sim/host/a.cpp", text, excused), text
    unused = {ALLOWED: "sim/host/a.cpp | rand | a reason\n"}
    assert len(source_tree.check_planted(check, "sim/host/a.cpp", "int x;", unused)) == 1
    for text in [
        "static int f(int x) { return x; }",
        "static constexpr int x = 3;",
        "static const std::array<int, 3> a{};",
        "static_assert(sizeof(int) == 4);",
        "auto x = static_cast<int>(y);",
        "// a double, rand() and std::hash",
        'throw error("float or double, time(NULL)");',
        "std::map<int, host*> m; p.random(1); s.rand(2); auto n = 1'000'000;",
        "[[nodiscard]] static ip_address v4(int a,\n   int b);",
    ]:
        found = source_tree.check_planted(check, "sim/host/a.cpp", text)
        assert not found, (text, found)


if __name__ == "__main__":
    sys.exit(source_tree.main(check, self_test))
