"""Small changes of valid inputs: of bytes, of the members of an archive, of text, of a config."""

import copy
import io
import json
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

BYTES = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\n", b'"', b",", b"}", b"PK\x03\x04", b"\x93NUMPY")
INTEGERS = (0, 1, -1, 2**15, 2**31 - 1, 2**32, 2**62, 2**63 - 1, -(2**63))
TEXTS = (
    ",", ";", "\t", '"', "'", "\r", "\n", "\0", "\ufeff", "nan", "inf", "-inf", "1e999", "1e-999",
    "-", "+", "0x10", "1_000", "1.5.2", "true", "null", "~", "é", "\u202e", "\ud7ff", "x" * 300,
    "9" * 40, "0", "-0", "[]", "{}", "[", "{", ":", "#", "&a", "*a",
    "!!python/object/apply:os.system", "<<: *a", "${seed}", "${oc.env:HOME}", "${", "???",
    "0..3", "3..0", "0..999999999999", "%", "\\",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 2**63 - 1, -(2**63), 2**70, 0.5, -0.5, 1e308, -1e308, 1e-320,
    float("nan"), float("inf"), "", " ", "n", "2n", "x", "???", "${seed}", "${", "0..3", "3..0",
    "1..99999999999", [], [[]], [1, "a"], [None], {}, {"a": 1}, {1: 2}, {"": {}}, {"n": [1, [2]]},
    {"ci": [0]}, {"data.n": 4}, b"bytes", (1, 2), "\n", "é", "a.b", "data", "gaussian", "digits",
    [0, 0, 0], [{"seed": 1}], [{"seed": [0, 1], "data.n": 4}], ["gaussian", "digits"], object,
)  # fmt: skip


def changed_bytes(rng: random.Random, content: bytes) -> bytes:
    """Change some bytes, or where they are."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        place = rng.randrange(len(changed) + 1)
        end = min(len(changed), place + rng.choice((1, 2, 4, 8, 64)))
        match rng.randrange(8):
            case 0 if changed:
                changed[min(place, len(changed) - 1)] ^= 1 << rng.randrange(8)
            case 1:
                changed[place:place] = rng.choice(BYTES)
            case 2:
                del changed[place:end]
            case 3:
                changed[place:place] = changed[place:end]
            case 4:
                changed[place:end] = rng.choice(BYTES)
            case 5:
                packed = struct.pack("<q", rng.choice(INTEGERS))
                changed[place : place + 8] = packed[: rng.choice((2, 4, 8))]
            case 6 if rng.random() < 0.2:
                del changed[place:]
            case _:
                changed[place:end] = rng.randbytes(end - place)
    return bytes(changed)


def changed_text(rng: random.Random, content: bytes) -> bytes:
    """Change a text by its words and lines, at times by its bytes."""
    if rng.random() < 0.2:
        return changed_bytes(rng, content)
    text = content.decode("utf-8", "replace")
    for _ in range(rng.choice((1, 1, 2, 4))):
        lines = text.splitlines(keepends=True) or [""]
        line = rng.randrange(len(lines))
        cells = lines[line].split(",")
        cell = rng.randrange(len(cells))
        match rng.randrange(6):
            case 0:
                cells[cell] = rng.choice(TEXTS)
            case 1:
                cells.insert(cell, rng.choice(TEXTS))
            case 2:
                place = rng.randrange(len(cells[cell]) + 1)
                cells[cell] = cells[cell][:place] + rng.choice(TEXTS) + cells[cell][place:]
            case 3:
                del cells[cell]
            case 4:
                cells = cells * rng.choice((2, 2, 300))
            case _:
                lines.insert(line, lines[rng.randrange(len(lines))] * rng.choice((1, 2, 200)))
        lines[min(line, len(lines) - 1)] = ",".join(cells)
        text = "".join(lines)
    encoding = "utf-16" if rng.random() < 0.02 else "utf-8"
    return text.encode(encoding, "surrogatepass")


def changed_archive(rng: random.Random, content: bytes) -> bytes:
    """Change a member, its name or the way it is packed; the archive itself stays valid mostly."""
    if rng.random() < 0.3:
        return changed_bytes(rng, content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    i = rng.randrange(len(members))
    name, member = members[i]
    match rng.randrange(8):
        case 0:
            members[i] = (rng.choice((name.upper(), f"../{name}", f"/{name}", "", "x.npy")), member)
        case 1:
            del members[i]
        case 2:
            members.append((name, member))
        case 3:
            members[i] = (name, members[rng.randrange(len(members))][1])
        case 4 if rng.random() < 0.1:
            members[i] = (name, member + bytes(50_000_000))
        case _:
            members[i] = (name, changed_bytes(rng, member))
    packing = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", packing) as archive:
        # of a name that is there twice
        warnings.simplefilter("ignore")
        for name, member in members:
            archive.writestr(zipfile.ZipInfo(name), member, packing)
    return stream.getvalue()


def changed_safetensors(rng: random.Random, content: bytes) -> bytes:
    """Change the header and keep its length right, at times the bytes."""
    if rng.random() < 0.2:
        return changed_bytes(rng, content)
    size = int.from_bytes(content[:8], "little")
    header, rest = _changed_json(rng, content[8 : 8 + size]), content[8 + size :]
    return len(header).to_bytes(8, "little") + header + rest


def changed_about(rng: random.Random, content: bytes) -> bytes:
    """Change what an archive of ours says of training and columns."""
    with np.load(io.BytesIO(content)) as archive:
        arrays = dict(archive)
    about = _changed_json(rng, arrays["about"].tobytes())
    stream = io.BytesIO()
    np.savez(stream, **arrays | {"about": np.frombuffer(about, dtype=np.uint8)})
    return stream.getvalue()


def _changed_json(rng: random.Random, text: bytes) -> bytes:
    if rng.random() < 0.3:
        return changed_text(rng, text)
    changed = changed_config(rng, json.loads(text))
    return json.dumps(changed, default=str, skipkeys=True).encode()


def changed_config(rng: random.Random, config: dict[str, Any]) -> dict[str, Any]:
    """Change settings of a plain config: values, names, and where they are."""
    changed = copy.deepcopy(config)
    for _ in range(rng.choice((1, 1, 2, 3))):
        nodes = list(_nodes(changed))
        node = rng.choice(nodes)
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            continue
        key = rng.choice(keys)
        match rng.randrange(5):
            case 0:
                del node[key]
            case 1 if isinstance(node, dict):
                node[rng.choice(("typo", "", "n", "seed", 3, None, "a.b", "data.n"))] = node[key]
            case 2:
                node[key] = copy.deepcopy(rng.choice(nodes))
            case _:
                node[key] = copy.deepcopy(rng.choice(VALUES))
    return changed


def _nodes(config: Any) -> list[Any]:
    inside = config.values() if isinstance(config, dict) else config
    below = [node for value in inside if isinstance(value, (dict, list)) for node in _nodes(value)]
    return [config, *below]


def changed_words(rng: random.Random, words: list[str]) -> list[str]:
    """Change the overrides of a command."""
    changed = list(words)
    for _ in range(rng.choice((1, 1, 2))):
        i = rng.randrange(len(changed))
        match rng.randrange(5):
            case 0:
                key, _, _ = changed[i].partition("=")
                changed[i] = f"{key}={rng.choice(TEXTS + tuple(map(str, VALUES[:45])))}"
            case 1:
                text = changed[i]
                place = rng.randrange(len(text) + 1)
                changed[i] = text[:place] + rng.choice(TEXTS) + text[place:]
            case 2:
                changed[i] = rng.choice(("~", "+", "++", "~grid.")) + changed[i]
            case 3 if len(changed) > 1:
                del changed[i]
            case _:
                changed.insert(i, rng.choice(changed))
    # the system passes no NUL
    return [word.replace("\0", "") for word in changed]


Mutation = Callable[[random.Random, Any], Any]
