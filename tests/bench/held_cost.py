#!/usr/bin/env python3
"""Bytes per established connection, both ends, of which nothing is under way.

  held_cost.py PROGRAM [--most B]

Exit code 1 above B bytes.
"""
import argparse

from support import peak_bytes

FEW, MANY, CLIENTS = 1_000, 6_000, 20  # connections of each of so many clients

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--most", type=int)
options = parser.parse_args()

few, many = (peak_bytes(options.program, "held_connections.yaml", n) for n in (FEW, MANY))
size = (many - few) / (CLIENTS * (MANY - FEW))
print(f"{size:,.0f} bytes per established connection, both ends")
if options.most and size > options.most:
    raise SystemExit(f"more than {options.most:,}")
