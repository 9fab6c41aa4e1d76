"""The form of a run's results."""

from __future__ import annotations

import json

import neuplug


def test_the_schema_says_what_everything_is() -> None:
    schema = neuplug.RunResults.model_json_schema()
    fields = dict(schema["properties"])
    for name, part in schema["$defs"].items():
        if name != "JsonValue":
            assert part["description"]
            fields |= {f"{name}.{field}": about for field, about in part["properties"].items()}
    # a field that holds a part has its description
    plain = {field for field, about in fields.items() if "$defs" not in json.dumps(about)}
    assert [field for field in plain if not fields[field].get("description")] == []
    share = schema["$defs"]["Scores"]["properties"]["accuracy"]
    assert (share["type"], share["minimum"], share["maximum"]) == ("number", 0, 1)
    assert "Images classified rightly." in share["description"]
    assert len(fields) > 100
    assert not schema["additionalProperties"]
