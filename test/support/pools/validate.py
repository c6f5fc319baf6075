"""Reads {"objects": [...], "definitions": [...]} and writes what is wrong with each object, or null: by Kubernetes' own schemas, and for
what a custom resource definition declares by the schema in it. Fields that no schema has are wrong."""

import json
import sys

import jsonschema
import kubernetes_validate

VERSION = "1.34"


def strict(schema):
    """Of a structural schema, as a definition's is: the server would drop fields that are not in it."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(value) for name, value in schema.items()}
    open_ended = "additionalProperties" in made or made.get("x-kubernetes-preserve-unknown-fields")
    if isinstance(made.get("properties"), dict) and made.get("type") == "object" and not open_ended:
        made["additionalProperties"] = False
    return made


given = json.load(sys.stdin)
own = {}
for definition in given["definitions"]:
    spec = definition["spec"]
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        own[f"{spec['group']}/{version['name']} {spec['names']['kind']}"] = schema


def problem(thing):
    try:
        schema = own.get(f"{thing['apiVersion']} {thing['kind']}")
        if schema is None:
            kubernetes_validate.validate(thing, VERSION, strict=True)
        else:
            jsonschema.Draft7Validator(schema).validate(thing)
    except jsonschema.ValidationError as error:
        return f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return error.message
    return None


json.dump([problem(thing) for thing in given["objects"]], sys.stdout)
