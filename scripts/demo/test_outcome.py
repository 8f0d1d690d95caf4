"""What the demo says of a run follows from the events alone."""

import unittest

from outcome import outcome, worst_by_call


def event(call: str, verdict: str | None, at_s: float) -> dict:
    return {"call": call, "verdict": verdict, "t_media_s": at_s}


class Outcome(unittest.TestCase):
    def test_the_worst_verdict_counts_and_when_it_was_first_reached(self):
        events = [event("a", "suspect", 3.0), event("a", "synthetic", 5.5), event("a", "synthetic", 6.0), event("a", "genuine", 9.0)]
        self.assertEqual(worst_by_call(events), {"a": ("synthetic", 5.5)})

    def test_a_call_without_a_verdict_is_still_gathering(self):
        self.assertEqual(worst_by_call([event("a", None, 1.0)]), {"a": ("gathering", 1.0)})

    def test_each_ending_is_named_for_what_it_is(self):
        for truth, verdict, word in [
            ("impostor", "synthetic", "CAUGHT"),
            ("impostor", "suspect", "HALF CAUGHT"),
            ("impostor", "genuine", "MISSED"),
            ("impostor", "gathering", "MISSED"),
            ("genuine", "genuine", "RIGHT"),
            ("genuine", "gathering", "RIGHT"),
            ("genuine", "suspect", "FALSE ALARM"),
            ("genuine", "synthetic", "FALSE ALARM"),
        ]:
            self.assertEqual(outcome(truth, verdict, 4.0).split(":")[0], word)


if __name__ == "__main__":
    unittest.main()
