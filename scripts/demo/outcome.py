"""Say plainly how the demo went, from the events that `callguard watch` left.

usage: outcome.py FOLDER "NAME=genuine NAME=impostor" (no names for a call whose truth is not known)
"""

import json
import sys
from pathlib import Path

WORSE = ["gathering", "unobservable", "genuine", "suspect", "synthetic"]
FLAGGED = {"suspect", "synthetic"}


def worst_by_call(events: list[dict]) -> dict[str, tuple[str, float]]:
    """Each call's worst verdict, and the media time at which it was first reached."""
    worst: dict[str, tuple[str, float]] = {}
    for event in events:
        verdict = event.get("verdict")
        if verdict is None:
            worst.setdefault(event["call"], ("gathering", event["t_media_s"]))
            continue
        held = worst.get(event["call"])
        if held is None or WORSE.index(verdict) > WORSE.index(held[0]):
            worst[event["call"]] = (verdict, event["t_media_s"])
    return worst


def outcome(truth: str | None, verdict: str, at_s: float) -> str:
    reached = f"{verdict}, first at {at_s:.1f} s"
    if truth == "impostor":
        if verdict == "synthetic":
            return f"CAUGHT: the impostor was called {reached}"
        if verdict == "suspect":
            return f"HALF CAUGHT: the impostor was called {reached}; it never became 'synthetic'"
        return f"MISSED: the impostor was not flagged ({verdict}). Nothing here is staged: this model did not catch it"
    if truth == "genuine":
        if verdict in FLAGGED:
            return f"FALSE ALARM: a real person was called {reached}"
        return f"RIGHT: the real person was not flagged ({verdict})"
    return f"called {reached}" if verdict in FLAGGED else f"not flagged ({verdict})"


def main() -> int:
    folder = Path(sys.argv[1])
    truths = dict(pair.split("=") for pair in sys.argv[2].split())
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    worst = worst_by_call([json.loads(line) for line in lines])
    missing = truths.keys() - worst.keys()
    if not worst or missing:
        print(f"no event was written for {', '.join(sorted(missing)) or 'any call'}")
        return 1
    print("\n  How it went")
    for call in sorted(worst):
        verdict, at_s = worst[call]
        print(f"    {call}   {outcome(truths.get(call), verdict, at_s)}")
    desk = folder / "desk.txt"
    if desk.exists():
        print("\n  What reached the producer's desk")
        for line in desk.read_text(encoding="utf-8").splitlines():
            print(f"    {line}")
    print("\n  Left for you")
    for what, path in [("report", folder / "report" / "index.html"), ("events", folder / "events.jsonl")]:
        if path.exists():
            print(f"    {what}   {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
