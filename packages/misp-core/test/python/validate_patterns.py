"""Validates STIX patterns with the OASIS grammar.

Reads one pattern per line, each a JSON string; writes a JSON list of what is wrong with it per line, empty if nothing is.
"""

import json
import sys

from stix2patterns.validator import run_validator


def problems(pattern):
    # The validator raises for some patterns that it does not take (an empty one, a list position behind "hashes").
    try:
        return [str(message) for message in run_validator(pattern, "2.1")]
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


for line in sys.stdin.buffer:
    print(json.dumps(problems(json.loads(line))))
