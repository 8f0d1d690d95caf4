"""What the demo says of a run follows from the events alone."""

import unittest

from outcome import alerts_by_part, outcome, worst_by_part


def event(call: str, kind: str | None, verdict: str | None, at_s: float) -> dict:
    return {"call": call, "kind": kind, "verdict": verdict, "t_media_s": at_s, "type": "verdict"}


class Outcome(unittest.TestCase):
    def test_the_worst_verdict_counts_and_when_it_was_first_reached(self):
        events = [event("a", "voice", v, t) for v, t in [("suspect", 3.0), ("synthetic", 5.5), ("synthetic", 6.0), ("genuine", 9.0)]]
        self.assertEqual(worst_by_part(events), {("a", "voice"): ("synthetic", 5.5)})

    def test_face_and_voice_are_told_apart(self):
        events = [event("a", "voice", "genuine", 3.0), event("a", "face", "suspect", 4.0), event("a", None, "unobservable", 1.0)]
        self.assertEqual(worst_by_part(events), {("a", "voice"): ("genuine", 3.0), ("a", "face"): ("suspect", 4.0)})

    def test_a_call_without_a_verdict_is_still_gathering(self):
        self.assertEqual(worst_by_part([event("a", "face", None, 1.0)]), {("a", "face"): ("gathering", 1.0)})

    def test_alerts_are_told_with_their_reasons(self):
        reasons = [{"source": "face-flat", "llr": 4.25}]
        alert = {"hypothesis": "face-presented", "raised_s": 7.0, "threshold": 4.0, "reasons": reasons}
        raised = {**event("a", "face", "synthetic", 7.0), "type": "alert-raised", "alert": alert}
        (said,) = alerts_by_part([event("a", "face", "suspect", 1.0), raised])[("a", "face")]
        self.assertEqual(said, "face-presented at 7.0 s (face-flat +4.2 nats; threshold 4.0)")

    def test_each_ending_is_named_for_what_it_is(self):
        for truth, verdict, word in [
            ("impostor", "synthetic", "CAUGHT"),
            ("impostor", "suspect", "HALF CAUGHT"),
            ("impostor", "genuine", "MISSED"),
            ("impostor", "gathering", "MISSED"),
            ("impostor", None, "NOT OBSERVED"),
            ("genuine", "genuine", "RIGHT"),
            ("genuine", "gathering", "RIGHT"),
            ("genuine", "suspect", "FALSE ALARM"),
            ("genuine", "synthetic", "FALSE ALARM"),
            ("genuine", None, "NOT OBSERVED"),
        ]:
            self.assertEqual(outcome(truth, "face", verdict, 4.0).split(":")[0], word)


if __name__ == "__main__":
    unittest.main()
