#!/usr/bin/env python3
"""What a face network says of genuine people who look strange (face_odd.py), and of genuine people by what they look like: false alarms of the folds' networks, calibrated on the other folds.

usage: face_strange.py WORK MODEL [--face FACE]       (MODEL: face-forgery or face-replay; FACE holds odd/, frames/ and pictures.csv, default WORK)
Needs the model's windows.jsonl and report.json. Writes WORK/eval/odd.json and groups.json. A person has one clip under each effect, and counts once; intervals of shares are exact. Above twice the clean rate: a share is more than twice that of the same
people's clips as they were (of a group: of everyone else).
"""

import argparse
import collections
import csv
import json
import pathlib

import cv2
import numpy as np

import calibrate
import face_measure
import face_odd
import face_score
import metrics
import replay_score
from face_score import facefolds
from ship import percent, span

MEASURES = ("suspect", "above_0", "above_1")
LOOKS = face_odd.HERE.parent / "looks-face.csv"
ITA = ((55, "very light"), (41, "light"), (28, "intermediate"), (10, "tan"), (-30, "brown"), (-181, "dark"))
CHEEKS = ((58, 86), (102, 86))  # in the crop, whose eyes lie level some 20 pixels left and right of its middle
ATTRIBUTES = {"glasses": "glasses", "beard": "beard", "head": "head covered", "backlight": "heavy backlight"}


def ita(crop, half=6):
    """Individual typology angle of the cheeks, degrees (A. Chardon et al., Int. J. Cosmet. Sci. 13, 1991): the median pixel's atan((L* - 50) / b*), from an RGB crop"""
    pixels = np.concatenate([crop[y - half : y + half, x - half : x + half].reshape(-1, 3) for x, y in CHEEKS])
    light, _, b = np.median(cv2.cvtColor(pixels[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0], axis=0)
    return float(np.degrees(np.arctan2(light - 50, b))) if b > 0 else float("nan")


def tone(angle):
    return next(name for least, name in ITA if angle > least)


def windows_of(model, taken, session):
    """[(to_s, mean logit)] as the program has them: none where nothing moved for a second"""
    facts, covers = json.loads(str(taken["facts"])), [face_score.cover(c) for c in taken["crops"]]
    if model == "face-replay":
        kept, covers = zip(*[(f, c) for f, c in zip(facts, covers) if f["wide"] >= 0]) if facts else ([], [])
        logit = face_score.score_of(session, taken["wide"])
        found = replay_score.windows(kept, covers)
    else:
        kept, logit = facts, face_score.score_of(session, taken["crops"])
        found = face_score.windows(facts, [f["sharpness"] for f in facts], covers=covers)
    moved = np.array([f["seconds"] for f in facts if f["stirred"]])
    return [(end, float(logit[here].mean())) for end, here in found if np.any((moved > end - 1.0 - 1e-6) & (moved <= end + 1e-6))]


def judged(windows, calibration, report):
    """{seen, mean, highest chart score} of one clip"""
    if not windows:
        return None
    llr = calibrate.apply(calibration, [dict(logit=x) for _, x in windows])
    law = report["law"]
    return dict(mean=float(llr.mean()), highest=float(max(calibrate.chart([t for t, _ in windows], llr, law["rho"], independence_s=law["independence_s"]))))


def shares(clips, report):
    count = lambda f: face_measure.count(sum(f(c) for c in clips), len(clips))
    return dict(synthetic=count(lambda c: c["highest"] >= report["chart"]["threshold"]), suspect=count(lambda c: c["highest"] >= report["chart"]["suspect"]), above_0=count(lambda c: c["mean"] > 0), above_1=count(lambda c: c["mean"] > 1))


def above_twice(here, other):
    """Which shares are more than twice the other's"""
    share = lambda t: t["count"] / t["n"] if t["n"] else 0.0
    return [m for m in MEASURES if m in here and share(here[m]) > 2 * share(other[m])]


def odd(model, work, face, report, rows):
    folds = facefolds.table()
    graphs = {k: replay_score.session(work / "runs" / f"fold{k}" / f"{model}.onnx") for k in report["folds"]}
    said = collections.defaultdict(dict)
    for row in rows:
        fold = facefolds.fold_of(row, folds)
        for effect in face_odd.EFFECTS:
            path = face / "odd" / f"{row['id']}-{effect}.npz"
            if not path.is_file():
                raise SystemExit(f"face_strange.py: {path} is missing: run face_odd.py {face} DATA")
            said[effect][row["id"]] = judged(windows_of(model, np.load(path), graphs[fold]), report["calibration_by_fold"][str(fold)], report)
    out = {}
    for effect, by in said.items():
        here = {i: c for i, c in by.items() if c}
        both = [i for i in here if said["plain"][i]]
        clean = [said["plain"][i] for i in both]
        out[effect] = dict(people=len(by), silent=face_measure.count(len(by) - len(here), len(by)), **shares(list(here.values()), report), clean=shares(clean, report))
        out[effect]["twice"] = above_twice(shares([here[i] for i in both], report), out[effect]["clean"]) if effect != "plain" else []
        if here:
            out[effect].update(mean=float(np.mean([c["mean"] for c in here.values()])), mean_95=metrics.mean_interval([c["mean"] for c in here.values()], list(here)))
    return out


def observed(face, row):
    """Of a clip as it is: tone, light, size, sharpness, and pictures a second"""
    taken = np.load(face / "frames" / f"{row['id']}-plain.npz")
    facts, crops = json.loads(str(taken["facts"])), taken["crops"]
    mean = lambda key: float(np.mean([f[key] for f in facts]))
    video = cv2.VideoCapture(row["path"])
    return dict(ita=float(np.nanmedian([ita(c) for c in crops])), light=mean("light"), face_px=mean("face_px"), sharpness=float(np.mean([face_odd.frames.sharpness(c) for c in crops])), fps=video.get(cv2.CAP_PROP_FPS)) if facts else None


def looks_of(people):
    """{person: attributes seen by eye}"""
    table = {r["person"]: r for r in csv.DictReader(line for line in open(LOOKS) if not line.startswith("#"))}
    if missing := sorted(set(people) - set(table)):
        raise SystemExit(f"face_strange.py: {LOOKS} has no row of {', '.join(missing)}: look at their clips and write one")
    return table


def groups(face, clips, report, rows):
    """False alarms on clips as they are, by what people look like and how they are seen"""
    by = collections.defaultdict(list)
    for ws in clips.values():
        if ws[0]["label"] == "real" and ws[0]["version"] == "plain":
            by[ws[0]["person"]] += [x for x in calibrate.apply(report["calibration_by_fold"][str(ws[0]["fold"])], ws)]
    shown = {r["person"] or r["id"]: o for r in rows if (r["person"] or r["id"]) in by and (o := observed(face, r))}
    mean = {p: float(np.mean(by[p])) for p in shown}
    seen, of = looks_of(mean), {}
    for name in (n for _, n in ITA):
        of[f"skin tone: {name}"] = [p for p in mean if np.isfinite(shown[p]["ita"]) and tone(shown[p]["ita"]) == name]
    for key, words, form in (("light", "light on the face", "{:.0f} of 255"), ("face_px", "face size", "{:.0f} px"), ("sharpness", "sharpness", "{:.1f}")):
        third = metrics.parts([shown[p][key] for p in mean], 3)
        for n, name in enumerate(("lowest", "middle", "highest")):
            here = [p for p, t in zip(mean, third) if t == n]
            of[f"{words}, {name} third, {form.format(min(shown[p][key] for p in here))} to {form.format(max(shown[p][key] for p in here))}"] = here
    for name, low, high in (("below 20", 0, 20), ("20 to 27", 20, 27), ("above 27", 27, 1e9)):
        of[f"{name} pictures a second"] = [p for p in mean if low <= shown[p]["fps"] < high]
    for key, words in ATTRIBUTES.items():
        of[words] = [p for p in mean if seen[p][key] == "1"]
    figures = lambda people: dict(above_0=face_measure.count(sum(mean[p] > 0 for p in people), len(people)), above_1=face_measure.count(sum(mean[p] > 1 for p in people), len(people)))
    out = {}
    for name, people in of.items():
        rest = [p for p in mean if p not in set(people)]
        if people:
            values = [mean[p] for p in people]
            out[name] = dict(people=len(people), mean=float(np.mean(values)), mean_95=metrics.mean_interval(values, people), **figures(people), rest=figures(rest), twice=above_twice(figures(people), figures(rest)))
    return out


def said(t):
    return f"{percent(t['count'] / t['n'])} {span(t['exact_95'], percent)}" if t["n"] else "–"


WORDS = {"suspect": "*suspect*", "above_0": "llr > 0", "above_1": "llr > 1"}
mean_of = lambda t: f"{t['mean']:+.3f} [{t['mean_95'][0]:+.3f}, {t['mean_95'][1]:+.3f}]" if "mean" in t else "–"
marked = lambda t, beside: f"**above twice {beside}** ({', '.join(WORDS[m] for m in t['twice'])})" if t["twice"] else ""


def odd_table(odd):
    rows = ["| genuine people, rendered | with a window, of | without one | *synthetic* | *suspect* or worse | mean llr | llr > 0 (same people as they were) | llr > 1 (as they were) | |", "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    for effect, t in odd.items():
        beside = lambda m: said(t[m]) + (f" ({said(t['clean'][m])})" if effect != "plain" else "")
        rows.append(f"| {face_odd.EFFECTS[effect]} | {t['above_0']['n']} of {t['people']} | {said(t['silent'])} | {said(t['synthetic'])} | {said(t['suspect'])} | {mean_of(t)} | {beside('above_0')} | {beside('above_1')} | {marked(t, 'the clean rate')} |")
    return "\n".join(rows)


def groups_table(groups):
    rows = ["| genuine people, clips as they are | people | mean llr | llr > 0 (everyone else) | llr > 1 | |", "| --- | --- | --- | --- | --- | --- |"]
    rows += [f"| {name} | {t['people']} | {mean_of(t)} | {said(t['above_0'])} ({said(t['rest']['above_0'])}) | {said(t['above_1'])} | {marked(t, 'everyone else')} |" for name, t in groups.items()]
    return "\n".join(rows)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("work", type=pathlib.Path)
    ap.add_argument("model", choices=("face-forgery", "face-replay"))
    ap.add_argument("--face", type=pathlib.Path)
    a = ap.parse_args()
    face = a.face or a.work
    report, rows = json.loads((a.work / "eval" / "report.json").read_text()), face_odd.chosen(face)
    for name, found in (("odd", odd(a.model, a.work, face, report, rows)), ("groups", groups(face, face_measure.load(a.work / "eval" / "windows.jsonl"), report, rows))):
        (a.work / "eval" / f"{name}.json").write_text(json.dumps(found, indent=1))
    print(odd_table(json.loads((a.work / "eval" / "odd.json").read_text())), groups_table(found), sep="\n\n")


if __name__ == "__main__":
    main()
