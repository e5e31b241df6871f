"""Reads an export with a library that is not goalloc's and prints what it sums up to.

read.py FORMAT FILE prints a JSON object: each value's sum over all samples.
"""

import csv
import json
import re
import sys
import xml.etree.ElementTree as ElementTree


def read_csv(path):
    csv.field_size_limit(sys.maxsize)
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["stack"] and row["site"] for row in rows)
    return {
        value: sum(int(row[value]) for row in rows)
        for value in ("objects", "bytes", "heap_bytes", "calls")
    }


def read_json(path):
    with open(path) as file:
        document = json.load(file)
    samples = document["samples"]
    frames = len(document["frames"])
    assert all(0 <= at < frames for sample in samples for at in sample["stack"])
    return {
        value: sum(sample[value] for sample in samples)
        for value in ("objects", "bytes", "heap_bytes", "calls")
    }


def read_svg(path):
    titles = ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}title")
    found = (re.fullmatch(r"all \(([\d,]+) bytes, 100%\)", it.text) for it in titles)
    (total,) = (it.group(1) for it in found if it)
    return {"bytes": int(total.replace(",", ""))}


def read_otlp(path):
    from opentelemetry.proto.profiles.v1development import profiles_pb2

    data = profiles_pb2.ProfilesData()
    with open(path, "rb") as file:
        data.ParseFromString(file.read())
    return otlp_sums(data)


def read_otlp_json(path):
    from google.protobuf import json_format
    from opentelemetry.proto.profiles.v1development import profiles_pb2

    with open(path) as file:
        return otlp_sums(json_format.Parse(file.read(), profiles_pb2.ProfilesData()))


def otlp_sums(data):
    dictionary = data.dictionary
    strings = dictionary.string_table
    assert strings[0] == ""
    (resource,) = data.resource_profiles
    (scope,) = resource.scope_profiles
    assert scope.scope.name == "goalloc"
    names = {
        "alloc_objects": "objects",
        "alloc_space": "bytes",
        "heap_space": "heap_bytes",
        "calls": "calls",
    }
    sums = {}
    functions = set()
    types = set()
    for profile in scope.profiles:
        name = strings[profile.sample_type.type_strindex]
        sums[names[name]] = sum(sample.values[0] for sample in profile.samples)
        for sample in profile.samples:
            stack = dictionary.stack_table[sample.stack_index]
            assert stack.location_indices
            for location in stack.location_indices:
                for line in dictionary.location_table[location].lines:
                    function = dictionary.function_table[line.function_index]
                    functions.add(strings[function.name_strindex])
            for at in sample.attribute_indices:
                attribute = dictionary.attribute_table[at]
                if strings[attribute.key_strindex] == "goalloc.type":
                    types.add(attribute.value.string_value)
    return sums | {"functions": sorted(functions), "types": sorted(types)}


def read_hlog(path):
    from hdrh.histogram import HdrHistogram
    from hdrh.log import HistogramLogReader

    # All sizes are in the histogram without a tag, those of a row in one with its key.
    whole, tags = HdrHistogram(1, 1 << 40, 3), HdrHistogram(1, 1 << 40, 3)
    reader = HistogramLogReader(path, HdrHistogram(1, 1 << 40, 3))
    while (interval := reader.get_next_interval_histogram()) is not None:
        (tags if interval.get_tag() else whole).add(interval)
    return {"objects": whole.get_total_count(), "objects_of_tags": tags.get_total_count()}


if __name__ == "__main__":
    kind, path = sys.argv[1:]
    readers = {
        "csv": read_csv,
        "json": read_json,
        "svg": read_svg,
        "otlp": read_otlp,
        "otlp-json": read_otlp_json,
        "hlog": read_hlog,
    }
    print(json.dumps(readers[kind](path)))
