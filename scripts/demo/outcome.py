"""Say plainly how the demo went, from the events that `callguard watch` left.

usage: outcome.py FOLDER "NAME=genuine NAME=impostor" (no names for a call whose truth is not known)
"""

import json
import sys
from pathlib import Path

WORSE = ["gathering", "unobservable", "genuine", "suspect", "synthetic"]
FLAGGED = {"suspect", "synthetic"}
# What must be looked at in each call of known truth: a part that was never observed is told too.
PARTS = ("face", "voice")


def worst_by_part(events: list[dict]) -> dict[tuple[str, str], tuple[str, float]]:
    """The worst verdict of each call's faces and voices, and the media time at which it was first reached."""
    worst: dict[tuple[str, str], tuple[str, float]] = {}
    for event in events:
        if event.get("kind") is None:
            continue
        part = (event["call"], event["kind"])
        verdict = event.get("verdict") or "gathering"
        held = worst.get(part)
        if held is None or WORSE.index(verdict) > WORSE.index(held[0]):
            worst[part] = (verdict, event["t_media_s"])
    return worst


def alerts_by_part(events: list[dict]) -> dict[tuple[str, str], list[str]]:
    """For each part of a call: every alert's hypothesis, time and the sources behind it, in order of raising."""
    alerts: dict[tuple[str, str], list[str]] = {}
    for event in events:
        if event["type"] == "alert-raised":
            alert = event["alert"]
            reasons = ", ".join(f"{r['source']} {r['llr']:+.1f}" for r in alert["reasons"])
            said = f"{alert['hypothesis']} at {alert['raised_s']:.1f} s ({reasons} nats; threshold {alert['threshold']:.1f})"
            alerts.setdefault((event["call"], event["kind"]), []).append(said)
    return alerts


def outcome(truth: str | None, part: str, verdict: str | None, at_s: float) -> str:
    if verdict is None:
        return f"NOT OBSERVED: no {part} was found, so nothing is said of it"
    reached = f"{verdict}, first at {at_s:.1f} s"
    if truth == "impostor":
        if verdict == "synthetic":
            return f"CAUGHT: the impostor's {part} was called {reached}"
        if verdict == "suspect":
            return f"HALF CAUGHT: the impostor's {part} was called {reached}; it never became 'synthetic'"
        return f"MISSED: the impostor's {part} was not flagged ({verdict}). Nothing here is staged: this was not caught"
    if truth == "genuine":
        if verdict in FLAGGED:
            return f"FALSE ALARM: a real person's {part} was called {reached}"
        return f"RIGHT: the real person's {part} was not flagged ({verdict})"
    return f"the {part} was called {reached}" if verdict in FLAGGED else f"the {part} was not flagged ({verdict})"


def main() -> int:
    folder = Path(sys.argv[1])
    truths = dict(pair.split("=") for pair in sys.argv[2].split())
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    worst, alerts = worst_by_part(events), alerts_by_part(events)
    seen = {call for call, _ in worst}
    missing = truths.keys() - seen
    if not seen or missing:
        print(f"no event was written for {', '.join(sorted(missing)) or 'any call'}")
        return 1
    print("\n  How it went")
    for call in sorted(seen):
        for part in PARTS:
            verdict, at_s = worst.get((call, part), (None, 0.0))
            if verdict is None and call not in truths:
                continue
            print(f"    {call}   {outcome(truths.get(call), part, verdict, at_s)}")
            for said in alerts.get((call, part), []):
                print(f"    {' ' * len(call)}     alert: {said}")
    desk = folder / "desk.txt"
    if desk.exists():
        print("\n  What reached the producer's desk")
        for line in desk.read_text(encoding="utf-8").splitlines():
            print(f"    {line}")
    print("\n  Left for you")
    left = [("report", folder / "report" / "index.html"), ("events", folder / "events.jsonl")]
    for what, path in left + [("picture", path) for path in sorted(folder.glob("overlay*"))]:
        if path.exists():
            print(f"    {what:8} {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
