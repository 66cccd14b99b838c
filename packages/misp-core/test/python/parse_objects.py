"""Parses STIX objects as receivers on a Threat Bus do.

Reads one JSON object per line; writes per line a JSON string that says why python-stix2 refuses it, or else the object as
python-stix2 writes it.
"""

import json
import sys

import stix2


def parsed(source):
    try:
        return json.loads(stix2.parse(source, allow_custom=True).serialize())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


for line in sys.stdin.buffer:
    print(json.dumps(parsed(line.decode("utf-8"))))
