#!/usr/bin/env python3
"""One file of int16 samples per table, so that training reads by offset: every recording, and once more as a random line leaves it.

usage: store.py WORK TABLE        (WORK/TABLE.csv, written by corpus.py, twins.py or utterances.py)
A twin goes through the very same line as its original. Writes WORK/store/TABLE.i16 and WORK/store/TABLE.csv.
"""

import csv
import hashlib
import multiprocessing
import pathlib
import sys

import numpy as np
import soundfile as sf

import channel
from corpus import MOST_S, RATE_HZ

LINE_S = 5.0


def seed(*parts):
    return int(hashlib.md5("/".join(parts).encode()).hexdigest()[:8], 16)


def both(r):
    """(row, the recording, the same through its line); None if it is too short"""
    wave, rate = sf.read(r["path"], dtype="int16")
    if rate != RATE_HZ or wave.ndim != 1:
        raise ValueError(f"{r['path']}: expected {RATE_HZ} Hz mono, found {rate} Hz, {wave.ndim} dimensions")
    wave = wave[: int(MOST_S * RATE_HZ)]
    if len(wave) < 0.5 * RATE_HZ:
        return None
    group = r["parent"] or r["id"]
    rng = np.random.default_rng(seed(group, "line"))
    take = int(LINE_S * RATE_HZ)
    start = int(rng.integers(0, max(1, len(wave) - take + 1)))
    chain = channel.random_chain(rng)
    line = channel.apply(chain, np.ascontiguousarray(wave[start : start + take]), seed(group, "loss"))
    return {**{key: r[key] for key in ("id", "label", "system", "source", "speaker", "parent")}, "line": " ".join(name for name, _ in chain)}, wave, line


def main():
    work, table = pathlib.Path(sys.argv[1]), sys.argv[2]
    out = work / "store"
    out.mkdir(exist_ok=True)
    index, at = [], 0
    with open(out / f"{table}.i16", "wb") as samples, multiprocessing.Pool() as pool:
        for number, found in enumerate(pool.imap(both, csv.DictReader(open(work / f"{table}.csv")), chunksize=8)):
            if number % 500 == 499:
                print(number + 1, flush=True)
            if found is None:
                continue
            row, wave, line = found
            for w in (wave, line):
                samples.write(w.astype("<i2").tobytes())
            index.append({**row, "start": at, "length": len(wave), "line_start": at + len(wave), "line_length": len(line)})
            at += len(wave) + len(line)
    with open(out / f"{table}.csv", "w", newline="") as f:
        w = csv.DictWriter(f, index[0].keys(), lineterminator="\n")
        w.writeheader()
        w.writerows(index)
    print("done", len(index), f"{at / RATE_HZ / 3600:.2f} h")


if __name__ == "__main__":
    main()
