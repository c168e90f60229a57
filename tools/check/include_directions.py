#!/usr/bin/env python3
"""Fails on an #include against the arrows between the layers (tools/check/layers.txt).

`--self-test` plants one violation of each kind and proves that it is found.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support import source_tree  # noqa: E402

TABLE = pathlib.Path(__file__).resolve().parent / "layers.txt"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


def read_table():
    """(layer -> every layer it may include, library prefix -> folders that may include it)."""
    allowed, libraries = {}, {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if "->" in line:
            layer, below = line.split("->")
            layer = layer.strip()
            allowed[layer] = {layer}
            for direct in below.split():
                allowed[layer] |= allowed[direct]  # KeyError: the table is not lowest first
        else:
            prefix, folders = line.split(":")
            libraries[prefix.strip()] = folders.split()
    return allowed, libraries


def complaint(path, quote, name, allowed, libraries):
    """Why this file may not include that header, or None."""
    parts = path.parts
    if parts[0] == "tests":
        return complaint_about_test(path, name, allowed)
    if parts[0] == "include":
        if name.startswith("fourtuple/") or re.fullmatch(r"[a-z_0-9]+", name):
            return None
        return "include/fourtuple includes only the standard library and itself"
    for prefix, folders in libraries.items():
        if name.startswith(prefix) and not any(path.is_relative_to(f) for f in folders):
            return f"only {', '.join(folders)} may include {prefix}"
    if parts[0] != "sim":
        return None
    layer = parts[1]
    if layer not in allowed:
        return f"sim/{layer} is not in tools/check/layers.txt"
    if name.startswith("sim/"):
        other = name.split("/")[1]
        return None if other in allowed[layer] else f"{layer} may not include {other}"
    if name.startswith(("tools/", "tests/", "scenarios/")):
        return f"a layer may not include {name.split('/')[0]}"
    if quote == '"' and not name.startswith("fourtuple/"):
        return "write the path from the top of the repository: sim/<layer>/<file>.h"
    return None


def complaint_about_test(path, name, allowed):
    """tests/unit/<layer>_*.cpp is linked with that layer and those below; other names with all."""
    layer = path.stem.split("_")[0]
    if path.parts[1] != "unit" or layer not in allowed or not name.startswith("sim/"):
        return None
    other = name.split("/")[1]
    return None if other in allowed[layer] else f"a test of {layer} may not include {other}: name it otherwise"


def check(root):
    allowed, libraries = read_table()
    findings = []
    for path in source_tree.files(root, "include", "sim", "tools", "tests"):
        text = source_tree.without_comments((root / path).read_text(encoding="utf-8"))
        for match in INCLUDE.finditer(text):
            why = complaint(path, match.group(1), match.group(2), allowed, libraries)
            if why:
                line = source_tree.line_of(text, match.start(1))
                findings.append(f"{path}:{line}: #include of {match.group(2)}: {why}")
    return findings


def self_test():
    bad = {
        "an arrow upwards": ("sim/core/a.h", '#include "sim/wire/b.h"'),
        "siblings": ("sim/net/a.cpp", '#include "sim/host/b.h"'),
        "an unknown layer": ("sim/other/a.h", "#include <vector>"),
        "a relative path": ("sim/core/a.cpp", '#include "b.h"'),
        "tests from a layer": ("sim/core/a.cpp", '#include "tests/support/catch.h"'),
        "a library in include": ("include/fourtuple/a.h", "#include <fmt/format.h>"),
        "a layer in include": ("include/fourtuple/a.h", '#include "sim/core/b.h"'),
        "a system header in include": ("include/fourtuple/a.h", "#include <sys/socket.h>"),
        "Boost outside net": ("sim/engine/a.cpp", "#include <boost/graph/adjacency_list.hpp>"),
        "yaml-cpp outside scenario": ("sim/spec/a.cpp", "#include <yaml-cpp/yaml.h>"),
        "nlohmann in a model": ("sim/tcp/a.cpp", "# include <nlohmann/json.hpp>"),
        "a layer above in a layer's test": ("tests/unit/report_a_test.cpp", '#include "sim/run/a.h"'),
        "CLI11 outside tools": ("sim/run/a.cpp", "#include <CLI/CLI.hpp>"),
    }
    for what, (path, text) in bad.items():
        found = source_tree.check_planted(check, path, f"// x\n{text}\n")
        assert len(found) == 1 and found[0].startswith(f"{path}:2:"), (what, found)
    good = {
        "down, and down twice": ("sim/engine/a.cpp", '#include "sim/host/b.h"\n#include "sim/core/c.h"'),
        "the public headers": ("sim/core/a.h", "#include <fourtuple/time.h>\n#include <vector>"),
        "a test of no layer": ("tests/unit/reports_a_test.cpp", '#include "sim/run/a.h"'),
        "a comment": ("sim/core/a.h", '// #include "sim/wire/b.h"\n/*\n#include "sim/net/c.h"\n*/'),
        "tools": ("tools/cli/a.cpp", '#include "sim/run/a.h"\n#include <CLI/CLI.hpp>'),
    }
    for what, (path, text) in good.items():
        found = source_tree.check_planted(check, path, text + "\n")
        assert not found, (what, found)


if __name__ == "__main__":
    sys.exit(source_tree.main(check, self_test))
