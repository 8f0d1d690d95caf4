#!/usr/bin/env python3
"""The producer's desk: takes an alert as `callguard watch --on-alert` delivers it, one event in JSON on stdin."""

import json
import sys

event = json.load(sys.stdin)
alert = event["alert"]
with open(sys.argv[1], "a", encoding="utf-8") as desk:
    desk.write(f"{event['call']}: {event['type']} at {event['t_media_s']:.1f} s ({alert['hypothesis']})\n")
