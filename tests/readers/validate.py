"""Whether files of JSON are as a schema says: validate.py SCHEMA FILE... Of a FILE.jsonl each line is one document."""

import json
import sys

import jsonschema

MISTAKES_MAX = 5  # of one file; nobody reads more


def documents(path):
    """Each document of a file, and its name."""
    with open(path, encoding="utf-8") as file:
        if not path.endswith(".jsonl"):
            yield path, json.load(file)
            return
        for number, line in enumerate(file, 1):
            yield f"{path}:{number}", json.loads(line)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    count = 0
    for path in sys.argv[2:]:
        for name, document in documents(path):
            for mistake in validator.iter_errors(document):
                print(f"{name}: {mistake.json_path}: {mistake.message[:300]}", file=sys.stderr)
                count += 1
                if count == MISTAKES_MAX:
                    sys.exit(1)
    sys.exit(count > 0)


main()
