"""Incident state from events.jsonl, as daybook folds it, and how many incidents each ISO week opened and resolved.

python3 weekly.py events.jsonl [INCIDENT]   with an incident: its first 20 events instead
"""
import collections
import datetime
import json
import sys


def week(text):
    year, number, _ = datetime.date.fromisoformat(text[:10]).isocalendar()
    return f"{year}-{number:02}"


def weekly(lines):
    states = {}
    for line in lines:
        event = json.loads(line)
        state = states.setdefault(event["incident_id"], {"events": 0, "resolved_at": None})
        state["events"] += 1
        meta = event["meta"]
        if event["type"] == "incident_created":
            state.update(severity=meta["severity"], status="open", started_at=meta["started_at"])
        elif event["type"] == "severity_changed":
            state["severity"] = meta["to"]
        elif event["type"] == "status_changed":
            state["status"] = meta["to"]
            if meta["to"] == "resolved":
                state["resolved_at"] = event["ts"]
            elif meta["to"] != "closed":
                state["resolved_at"] = None
    weeks = collections.defaultdict(lambda: [0, 0])
    for state in states.values():
        weeks[week(state["started_at"])][0] += 1
        if state["resolved_at"]:
            weeks[week(state["resolved_at"])][1] += 1
    for name, (opened, resolved) in sorted(weeks.items()):
        print(name, opened, resolved)


def timeline(lines, incident):
    events = (line for line in lines if json.loads(line)["incident_id"] == incident)
    for line, _ in zip(events, range(20)):
        print(line, end="")


with open(sys.argv[1], encoding="utf-8") as lines:
    if len(sys.argv) > 2:
        timeline(lines, sys.argv[2])
    else:
        weekly(lines)
