"""Validates STIX objects against the OASIS JSON schemas of STIX 2.1.

Reads one JSON object per line; writes a JSON list of what is wrong with it per line, empty if nothing is.
"""

import json
import sys

from stix2validator import ValidationOptions, validate_instance

options = ValidationOptions(version="2.1")


def problems(source):
    return [str(error) for error in validate_instance(source, options).errors]


for line in sys.stdin.buffer:
    print(json.dumps(problems(json.loads(line))))
