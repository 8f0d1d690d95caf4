#!/usr/bin/env python3
"""Does a Python twin say the same as the program? On windows without a pause, whose samples can be cut out of the file by their times, the graph in Python against callguard's own logit.

usage: same.py WORK
Takes score.py's output. Prints n and the largest difference of the llr, in nats; fails above CLOSE. Writes WORK/eval/same.json.
"""

import json
import pathlib
import sys

import numpy as np
import soundfile as sf

import baseline
import calibrate
import measure

CLOSE, EACH = 1e-2, 60
RATE_HZ = 16_000


def main():
    work = pathlib.Path(sys.argv[1])
    report = json.loads((work / "eval" / "report.json").read_text())
    differences = []
    for k in report["folds"]:
        _, windows, _ = measure.load(work, [k])
        whole = [w for ws in windows.values() for w in ws if abs(w["to_s"] - w["from_s"] - 4.0) < 1e-6 and abs(w["speech_s"] - 4.0) < 1e-6]
        session = baseline.session(work / "runs" / f"fold{k}" / "voice-clone.onnx")
        for i in np.random.default_rng(4).permutation(len(whole))[:EACH]:
            w = whole[i]
            start = round(w["from_s"] * RATE_HZ)
            wave, _ = sf.read(w["path"], dtype="float32", start=start, stop=start + 4 * RATE_HZ)
            logit = float(session.run(None, {"samples": wave[None]})[0][0])
            ours, theirs = calibrate.apply(report["calibration"], [w, {**w, "logit": logit}])
            differences.append(abs(float(ours - theirs)))
    out = dict(windows=len(differences), largest=max(differences), median=float(np.median(differences)))
    (work / "eval" / "same.json").write_text(json.dumps(out))
    print(out)
    if not differences or out["largest"] > CLOSE:
        raise SystemExit("the program and Python do not say the same")


if __name__ == "__main__":
    main()
