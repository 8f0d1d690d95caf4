"""Who is seen in a file, and on which side of the split that person falls.

The list that training and measuring go by is the committed models/cards/face-detector-data.csv; this file is how it was drawn.
"""

import hashlib
import re

TRAIN, VAL = 0.60, 0.72  # shares of people (of photographs without faces: of files); the rest is measured on, once
NEGATIVE_TRAIN, NEGATIVE_VAL = 0.45, 0.60  # more are left out here: a rate near one in a hundred needs hundreds to be seen


def side(name, train=TRAIN, val=VAL):
    """The same name always falls on the same side."""
    at = int(hashlib.md5(name.encode()).hexdigest()[:8], 16) / 2**32
    return "train" if at < train else "val" if at < val else "test"


def one_person(name):
    """One name for what may be one person: numbered recordings of one swap model, the MEAD actors, the liveness set."""
    if name.startswith(("mead", "M0")):
        return "mead"
    if name.startswith("liv_"):
        return "liv"
    return re.sub(r"_\d+$", "", name) if name.startswith("dfl_") else name


def of_clip(row):
    """(role, person) of a row of clips.csv. Nobody knows whom generated clips without a person show: they are never measured on."""
    if row["person"] in ("", "gen"):
        return "train", ""
    person = one_person(row["person"])
    return side(person), person


def of_face(row):
    """(role, person) of a row of faces.csv; None if it must be left out: unnamed pictures of a source that also names people may show these."""
    if row["person"]:
        person = one_person(row["person"])
        return side(person), person
    return (side(row["path"]), "") if row["path"].startswith("utk/") else None


def of_negative(name):
    return side(name, NEGATIVE_TRAIN, NEGATIVE_VAL), ""
