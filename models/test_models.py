"""Discovery does not enter folders that are no packages: this names them."""

import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


def load_tests(_loader, tests, _pattern):
    for folder in ("evaluate", "training/face", "training/face_detector", "training/replay", "training/voice"):
        tests.addTests(unittest.TestLoader().discover(str(HERE / folder), pattern="test_*.py"))
    return tests
