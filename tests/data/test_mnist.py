import gzip
import hashlib
import json
import urllib.request

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import _openml, fetch_openml

from relaxgap.data import MnistData
from relaxgap.data.idx_files import read_idx
from relaxgap.errors import ConfigurationError, DataError

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
DIGITS = np.array([0, 1, 2, 1, 0, 0, 7, 1, 1, 0, 0, 3], dtype=np.uint8)
PIXELS = np.random.default_rng(0).integers(0, 256, (DIGITS.size, 28, 28), dtype=np.uint8)
ROWS = PIXELS.reshape(DIGITS.size, 784)


@pytest.fixture(autouse=True)
def nothing_but_a_temporary_folder(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(_openml, "urlopen", refuse)
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "scikit"))
    monkeypatch.chdir(tmp_path)


def idx_bytes(array, code=0x08):
    header = bytes([0, 0, code, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


def compressed(content):
    """Compress without the time, which would be part of the names of tests."""
    return gzip.compress(content, mtime=0)


def write_pair(folder, images=PIXELS, labels=DIGITS, compress=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ((IMAGES, images), (LABELS, labels)):
        content = array if isinstance(array, bytes) else idx_bytes(array)
        path = folder / f"{name}{'.gz' if compress else ''}"
        path.write_bytes(compressed(content) if compress else content)
    return folder


def load(seed=0, **settings):
    return MnistData(**settings).load(np.random.default_rng(seed))


def refusal(**settings):
    with pytest.raises(DataError) as caught:
        load(**settings)
    message = str(caught.value)
    assert "Expected" in message
    assert "got" in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("compress", [False, True])
def test_the_two_classes_of_the_idx_files_keep_their_grey_levels_and_order(tmp_path, compress):
    write_pair(tmp_path / "data" / "mnist", compress=compress)
    data = load(class_a=1, class_b=0, normalize_rows=False)
    kept = np.isin(DIGITS, [0, 1])
    assert_array_equal(data.X, ROWS[kept])
    assert_array_equal(data.y, np.where(DIGITS[kept] == 1, 1.0, -1.0))


def test_rows_have_unit_norm_unless_asked_otherwise(tmp_path):
    data = load(folder=str(write_pair(tmp_path)))
    assert_allclose(np.linalg.norm(data.X, axis=1), 1.0, rtol=1e-14)


def test_images_can_be_projected(tmp_path):
    assert load(folder=str(write_pair(tmp_path)), pca=3).X.shape == (9, 3)


def test_home_is_expanded(tmp_path, monkeypatch):
    write_pair(tmp_path / "digits")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load(folder="~/digits").n == 9


def test_a_plain_file_is_read_before_a_compressed_one(tmp_path):
    write_pair(tmp_path, compress=True)
    (tmp_path / f"{LABELS}.gz").write_bytes(b"broken")
    (tmp_path / LABELS).write_bytes(idx_bytes(DIGITS))
    assert load(folder=str(tmp_path)).n == 9


def test_the_sample_is_balanced_and_determined_by_the_generator(tmp_path):
    folder = str(write_pair(tmp_path))
    first, second = load(folder=folder, n=5), load(folder=folder, n=5)
    assert_array_equal(first.X, second.X)
    assert_array_equal(first.y, second.y)
    assert np.sum(first.y) == 1.0
    others = [load(seed, folder=folder, n=5).X for seed in range(1, 6)]
    assert any(not np.array_equal(first.X, other) for other in others)


def test_more_samples_than_images_are_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="at most 9, the samples of the two classes, got"):
        load(folder=str(write_pair(tmp_path)), n=10)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"class_a": 10}, "digit from 0 to 9, got 10"),
        ({"class_a": 1}, "class_a=class_b=1"),
        ({"n": 1}, "n >= 2"),
        ({"pca": 785}, "pca from 1 to 784, got 785"),
        ({"folder": " "}, "non-empty folder, got ' '"),
    ],
)
def test_a_setting_out_of_range_is_refused_before_anything_is_read(settings, said):
    with pytest.raises(ConfigurationError, match=said):
        MnistData(**settings)


GOOD = idx_bytes(DIGITS)
MALFORMED = [
    (b"", "magic number 0x00000801 of unsigned bytes with 1 axis, got 0x;"),
    (GOOD[:3], "got 0x000008;"),
    (idx_bytes(PIXELS), "got 0x00000803;"),
    (idx_bytes(DIGITS, code=0x0D), "got 0x00000d01;"),
    (compressed(GOOD), "got 0x1f8b"),
    (GOOD[:6], "header of 8 bytes, got a file of 6"),
    (GOOD[:-1], "12 bytes of data for the shape (12,) in the header, got 11: the file is cut off"),
    (GOOD + b"\0", "got 13: the file is too long"),
    (GOOD[:4] + b"\xff" * 4 + GOOD[8:], "4294967295 bytes of data for the shape (4294967295,)"),
]


@pytest.mark.parametrize(("content", "said"), MALFORMED)
@pytest.mark.parametrize("compress", [False, True])
def test_a_malformed_idx_file_is_one_line_that_names_it(tmp_path, content, said, compress):
    write_pair(tmp_path, labels=content, compress=compress)
    message = refusal(folder=str(tmp_path))
    assert message.startswith(f"{tmp_path / LABELS}{'.gz' if compress else ''}: Expected")
    assert said in message


def test_malformed_images_are_one_line_that_names_them(tmp_path):
    write_pair(tmp_path, images=idx_bytes(PIXELS)[:-1])
    assert refusal(folder=str(tmp_path)).startswith(f"{tmp_path / IMAGES}: Expected 9408 bytes")


COMPRESSED = compressed(GOOD)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        COMPRESSED[:-1],
        COMPRESSED[:12],
        COMPRESSED[:-8] + bytes(8),
        COMPRESSED[:11] + b"\xff\xff" + COMPRESSED[13:],
        COMPRESSED + b"trailing",
    ],
)
def test_a_broken_gzip_file_is_one_line_that_names_it(tmp_path, content):
    write_pair(tmp_path, compress=True)
    (tmp_path / f"{LABELS}.gz").write_bytes(content)
    message = refusal(folder=str(tmp_path))
    assert message.startswith(f"{tmp_path / LABELS}.gz: Expected a gzip file")


@pytest.mark.parametrize("n_bytes", range(len(COMPRESSED)))
def test_a_compressed_file_cut_off_anywhere_is_refused(tmp_path, n_bytes):
    path = tmp_path / "labels.gz"
    path.write_bytes(COMPRESSED[:n_bytes])
    with pytest.raises(DataError, match=r"labels\.gz: Expected"):
        read_idx(path, 1)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"labels": DIGITS[:-1]}, "one label per image, got 12 images and 11 labels"),
        ({"images": PIXELS[:, :, 1:]}, "images of shape (28, 28), got (28, 27)"),
        ({"labels": DIGITS + 4}, "labels from 0 to 9, got 11"),
        ({"labels": np.ones_like(DIGITS)}, "none of the digit 0"),
        ({"images": PIXELS[:0], "labels": DIGITS[:0]}, "none of the digit 0"),
    ],
)
def test_files_that_are_not_of_mnist_are_one_line_that_names_one(tmp_path, arrays, said):
    message = refusal(folder=str(write_pair(tmp_path, **arrays)))
    assert message.startswith(f"{tmp_path}/train-")
    assert said in message


@pytest.mark.parametrize(("missing", "left"), [(IMAGES, LABELS), (LABELS, IMAGES)])
def test_one_file_of_the_two_is_refused(tmp_path, missing, left):
    (write_pair(tmp_path) / missing).unlink()
    message = refusal(folder=str(tmp_path))
    assert message.startswith(f"{tmp_path / left}: Expected {IMAGES} and {LABELS} in one folder")


def test_without_images_the_message_says_where_they_were_looked_for_and_makes_no_folder(tmp_path):
    message = refusal()
    assert repr(str(tmp_path / "data" / "mnist")) in message
    assert repr(str(tmp_path / "scikit" / "openml" / "openml.org")) in message
    assert "fetch_openml('mnist_784', version=1)" in message
    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_looked_for_in_the_home_directory_by_default(tmp_path, monkeypatch):
    monkeypatch.delenv("SCIKIT_LEARN_DATA")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert repr(str(tmp_path / "scikit_learn_data" / "openml" / "openml.org")) in refusal()


NAMED_BY_ADDRESS = "data/v1/download/52667/mnist_784.arff"
NAMED_BY_NUMBER = "data/v1/download/52667"


def table_text(columns=784):
    names = [f"pixel{i + 1}" for i in range(columns)]
    header = ["% a comment", "@RELATION mnist_784", *(f"@ATTRIBUTE {name} REAL" for name in names)]
    header += ["@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}", "@DATA"]
    rows = np.column_stack([ROWS[:, :columns], DIGITS])
    return "\n".join([*header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def write_cache(folder, text=None, name=NAMED_BY_ADDRESS):
    """Write the files that ``fetch_openml`` keeps of ``mnist_784``."""
    content = (table_text() if text is None else text).encode()
    names = [f"pixel{i + 1}" for i in range(784)]
    features = [
        {
            "index": str(index),
            "name": column,
            "data_type": "nominal" if column == "class" else "numeric",
            "is_target": str(column == "class").lower(),
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        for index, column in enumerate([*names, "class"])
    ]
    description = {
        "name": "mnist_784",
        "version": "1",
        "format": "ARFF",
        "status": "active",
        "file_id": "52667",
        "url": f"https://api.openml.org/{NAMED_BY_ADDRESS}",
        "md5_checksum": hashlib.md5(content).hexdigest(),
        "description": "Digits.",
    }
    quality = [{"name": "NumberOfInstances", "value": str(DIGITS.size)}]
    files = {
        "api/v1/json/data/554": {"data_set_description": description},
        "api/v1/json/data/features/554": {"data_features": {"feature": features}},
        "api/v1/json/data/qualities/554": {"data_qualities": {"quality": quality}},
    }
    cache = folder / "scikit" / "openml" / "openml.org"
    for path, value in [*((p, json.dumps(v).encode()) for p, v in files.items()), (name, content)]:
        (cache / f"{path}.gz").parent.mkdir(parents=True, exist_ok=True)
        (cache / f"{path}.gz").write_bytes(compressed(value))
    return cache


@pytest.mark.parametrize("name", [NAMED_BY_ADDRESS, NAMED_BY_NUMBER])
def test_the_cache_gives_what_the_idx_files_give(tmp_path, name):
    folder = str(write_pair(tmp_path / "idx"))
    write_cache(tmp_path, name=name)
    for settings in ({"n": 5}, {"class_a": 7, "class_b": 3, "normalize_rows": False}):
        cached, read = load(**settings), load(folder=folder, **settings)
        assert_array_equal(cached.X, read.X)
        assert_array_equal(cached.y, read.y)


def test_the_cache_is_read_as_scikit_learn_reads_it(tmp_path):
    write_cache(tmp_path)
    theirs = fetch_openml(data_id=554, as_frame=False, parser="liac-arff")
    kept = np.isin(theirs.target, ["0", "1"])
    ours = load(normalize_rows=False)
    assert_array_equal(ours.X, theirs.data[kept])
    assert_array_equal(ours.y, np.where(theirs.target[kept] == "0", 1.0, -1.0))


def test_only_training_images_are_taken_from_the_cache(tmp_path, monkeypatch):
    write_cache(tmp_path)
    monkeypatch.setattr("relaxgap.data.mnist.N_TRAINING", 6)
    assert load().n == 5


def test_the_idx_files_come_before_the_cache(tmp_path):
    write_cache(tmp_path, text="not a table")
    write_pair(tmp_path / "data" / "mnist")
    assert load().n == 9


def test_a_cache_without_the_table_is_no_cache(tmp_path):
    (write_cache(tmp_path) / f"{NAMED_BY_ADDRESS}.gz").unlink()
    assert "got neither" in refusal()


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("api/v1/json/data/554", b"{}", "a gzip file"),
        ("api/v1/json/data/554", compressed(b"{"), "OpenML's description"),
        ("api/v1/json/data/554", compressed(b"[]"), "OpenML's description"),
        ("api/v1/json/data/554", compressed(b"\xff"), "OpenML's description"),
        (
            "api/v1/json/data/554",
            compressed(b'{"data_set_description": {"file_id": 1, "md5_checksum": 1, "url": 1}}'),
            "OpenML's description",
        ),
        (NAMED_BY_ADDRESS, compressed(b"@DATA\n1\n"), "a file with the MD5 sum"),
        (NAMED_BY_ADDRESS, b"", "a file with the MD5 sum"),
        (NAMED_BY_ADDRESS, b"@DATA", "a gzip file"),
    ],
)
def test_a_damaged_cache_is_one_line_that_names_the_file_and_leaves_it(
    tmp_path, path, content, said
):
    damaged = write_cache(tmp_path) / f"{path}.gz"
    damaged.write_bytes(content)
    message = refusal()
    assert message.startswith(f"{damaged}: Expected {said}")
    assert damaged.read_bytes() == content


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@DATA\n", "rows of numbers below @data"),
        (table_text().replace("@DATA", "@DATA\nred,blue"), "rows of numbers below @data"),
        (table_text().replace("@DATA\n", ""), "rows of numbers below @data"),
        (table_text(columns=783), "784 grey levels and a label in every row, got rows of 784"),
        (table_text() + ",,\n" * 2, "784 grey levels and a label in every row"),
    ],
)
def test_a_table_that_is_not_of_mnist_is_one_line_that_names_it(tmp_path, text, said):
    cache = write_cache(tmp_path, text=text)
    message = refusal()
    assert message.startswith(f"{cache / NAMED_BY_ADDRESS}.gz: Expected {said}")
