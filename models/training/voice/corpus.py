#!/usr/bin/env python3
"""The corpus table: every recording that may train or measure the voice model, with what it must not be mixed with.

usage: corpus.py DATA WORK
DATA holds speech/manifest.csv and more.csv (fields: see the data README). WORK/orig and WORK/more hold what originals.py took out of the
public repositories; a recording that is missing there is taken from DATA. Asterisk's French, Italian and Russian prompts are read from the installed
packages. A speaker's single words are joined to utterances of about four seconds. Writes WORK/corpus.csv and WORK/made/*.flac.
"""

import collections
import csv
import hashlib
import pathlib
import subprocess
import sys

import numpy as np
import soundfile as sf

FIELDS = ["id", "path", "label", "system", "source", "speaker", "language", "parent", "origin", "sha256", "seconds"]
RATE_HZ = 16_000
WORD_S, JOINED_S, GAP_S, MOST_S = 1.6, 4.0, 0.12, 60.0
# Not the Spanish ones: es_MX_f_Allison is the very speaker of the English prompts, the demo's genuine caller.
PROMPTS = {"fr": "fr_CA_f_June", "it": "it_IT_m_Carlo", "ru": "ru_RU_f_IvrvoiceRU"}
PROMPTS_EACH = 70


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def row(path, label, system, source, speaker, language, origin, parent=""):
    digest = sha256(path)
    seconds = sf.info(str(path)).duration
    return dict(id=digest[:16], path=str(path), label=label, system=system, source=source, speaker=speaker or f"?{digest[:12]}" if label == "real" else speaker,
                language=language, parent=parent, origin=origin, sha256=digest, seconds=f"{min(seconds, MOST_S):.2f}")


def listed(data, work):
    for r in csv.DictReader(open(data / "speech/manifest.csv")):
        path = work / "orig" / r["path"]
        if not path.is_file():
            path = data / "speech" / r["path"]
        yield row(path, r["label"], r["system"], r["source_repo"], r["speaker"], r["language"], f"{r['source_repo']}:{r['source_path']}")
    for r in csv.DictReader(open(data / "more.csv")):
        if r["kind"] != "audio":
            continue
        stem = r["source_repo"].replace("/", "+") + "/" + r["source_path"].replace("/", "+") + (f"@{r['start_s']}" if float(r["start_s"] or 0) else "")
        path = work / "more" / "audio" / (stem + ".flac")
        if path.is_file():
            yield row(path, "real", "human", r["source_repo"], f"{r['source_repo'].split('/')[0]}:{r['speaker']}", r["language"], f"{r['source_repo']}:{r['source_path']}@{r['start_s']}")


def prompts(work):
    """Human prompts in three languages, decoded from G.722 once."""
    out = work / "made" / "prompts"
    out.mkdir(parents=True, exist_ok=True)
    for language, folder in PROMPTS.items():
        root = pathlib.Path("/usr/share/asterisk/sounds") / folder
        files = sorted((f for f in root.rglob("*.g722") if f.stat().st_size > 16_000), key=lambda f: hashlib.md5(f.name.encode()).digest())
        for f in files[:PROMPTS_EACH]:
            flac = out / f"{language}-{f.stem}.flac"
            if not flac.is_file():
                subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "g722", "-i", f, "-ar", str(RATE_HZ), "-ac", "1", "-sample_fmt", "s16", flac], check=True)
            yield row(flac, "real", "human", f"asterisk-core-sounds-{language}", f"asterisk-{language}", language, f"asterisk-core-sounds-{language}-g722:{f.relative_to(root)}")


def joined(rows, work):
    """One speaker's words of one label and system, one after the other, until an utterance is long enough."""
    out = work / "made" / "joined"
    out.mkdir(parents=True, exist_ok=True)
    words, rest = collections.defaultdict(list), []
    for r in rows:
        (words[(r["source"], r["speaker"], r["label"], r["system"])] if float(r["seconds"]) < WORD_S else rest).append(r)
    for (source, speaker, label, system), group in words.items():
        if label == "fake" or len(group) == 1:
            rest += group
            continue
        group.sort(key=lambda r: hashlib.md5(r["id"].encode()).digest())
        part, length = [], 0.0
        for r in group:
            part.append(r)
            length += float(r["seconds"]) + GAP_S
            if length >= JOINED_S:
                rest.append(join(part, out))
                part, length = [], 0.0
        rest += [join(part, out)] if len(part) > 1 else part
    return rest


def join(part, out):
    gap = np.zeros(int(GAP_S * RATE_HZ), "int16")
    wave = np.concatenate([w for r in part for w in (sf.read(r["path"], dtype="int16")[0], gap)])
    name = hashlib.md5("".join(r["id"] for r in part).encode()).hexdigest()[:16]
    path = out / f"{name}.flac"
    sf.write(path, wave, RATE_HZ)
    first = part[0]
    return row(path, first["label"], first["system"], first["source"], first["speaker"], first["language"], " + ".join(r["origin"] for r in part))


def save(rows, path):
    with open(path, "w", newline="") as f:
        w = csv.DictWriter(f, FIELDS, lineterminator="\n")
        w.writeheader()
        w.writerows(rows)


def main():
    data, work = map(pathlib.Path, sys.argv[1:3])
    seen = {}
    for r in [*listed(data, work), *prompts(work)]:
        seen.setdefault(r["id"], r)
    rows = joined(seen.values(), work)
    save(rows, work / "corpus.csv")
    print(len(rows), collections.Counter(r["label"] for r in rows), f"{sum(float(r['seconds']) for r in rows) / 3600:.2f} h")


if __name__ == "__main__":
    main()
