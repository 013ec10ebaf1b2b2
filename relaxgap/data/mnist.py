"""The training images of MNIST, from files that are already on the machine."""

import hashlib
import io
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlparse

import numpy as np
from jaxtyping import Float32, Int64, Real, UInt8

from relaxgap.data.dataset import Dataset, file_digest
from relaxgap.data.idx_files import decompressed, read_idx
from relaxgap.data.images import DigitImages
from relaxgap.data.paths import errors_of
from relaxgap.errors import ConfigurationError, DataError

IDX_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
SIDE = 28
OPENML_ID = 554
"""``mnist_784``, version 1: the 60,000 training images, then the 10,000 test images."""
N_TRAINING = 60_000
FETCH = (
    "python -c \"from sklearn.datasets import fetch_openml; fetch_openml('mnist_784', version=1)\""
)


@dataclass(frozen=True, slots=True)
class MnistData(DigitImages):
    """Draw 28 x 28 training images of MNIST, grey levels 0 to 255, without a download.

    The IDX files of ``folder`` are read, compressed or not. Where it has none, the copy that
    scikit-learn's ``fetch_openml`` may have left in its cache is: the same images in the same
    order, but seconds to parse.

    Parameters
    ----------
    folder : str
        Where the IDX files are, relative to the working directory; ``~`` stands for the home
        directory.

    Raises
    ------
    ConfigurationError
        As for `DigitImages`, or if the folder is empty.
    DataError
        On `load`, if there are no images or they cannot be used; the message is one line.
    """

    n_pixels: ClassVar[int] = SIDE * SIDE

    folder: str = "data/mnist"

    def __post_init__(self) -> None:
        # super() without arguments does not work in a dataclass with slots
        DigitImages.__post_init__(self)
        if not self.folder.strip():
            raise ConfigurationError(
                f"Expected a non-empty folder, got {self.folder!r}; set folder."
            )

    @property
    def label(self) -> str:
        """Short name for a CSV: the two classes."""
        return f"mnist {self.class_a} against {self.class_b}"

    def fingerprint(self) -> list[str]:
        """Return a digest of each IDX file; its first 64 KiB hold every label or 83 images."""
        return [file_digest(path, 2**16) for path in self.idx_files()]

    def load(self, rng: np.random.Generator) -> Dataset:
        """Return the chosen images in the order of the training set."""
        files = self.idx_files()
        table = None if files else _cached_table()
        if files:
            origin = str(files[-1])
            pixels, digits = _read_pair(files)
        elif table:
            origin = str(table)
            pixels, digits = _read_table(table)
        else:
            raise DataError(
                f"Expected MNIST as {' and '.join(IDX_NAMES)}, plain or .gz, in "
                f"{os.path.abspath(self._folder())!r}, or as mnist_784 in scikit-learn's cache "
                f"{str(_cache())!r}, got neither; put the two files in data.folder, or run "
                f"`{FETCH}` once."
            )
        with errors_of(origin):
            self._check(digits)
        return self.dataset_of(pixels, digits, rng)

    def idx_files(self) -> list[Path]:
        """Return the IDX files that the folder has, images before labels, plain before .gz."""
        found = []
        for name in IDX_NAMES:
            paths = [self._folder() / f"{name}{ending}" for ending in ("", ".gz")]
            found += [path for path in paths if os.path.isfile(path)][:1]
        return found

    def _folder(self) -> Path:
        # unlike Path.expanduser, this leaves the ~ of an unknown user as it is
        return Path(os.path.expanduser(self.folder))

    def _check(self, digits: Int64[np.ndarray, " N"]) -> None:
        other = digits[(digits < 0) | (digits > 9)]
        if other.size:
            raise DataError(
                f"Expected labels from 0 to 9, got {other[0]}; use the files of MNIST's digits."
            )
        for digit in (self.class_a, self.class_b):
            if not np.any(digits == digit):
                raise DataError(
                    f"Expected images of both classes, got none of the digit {digit}; use the "
                    "whole training set."
                )


def _read_pair(files: list[Path]) -> tuple[UInt8[np.ndarray, "N 784"], Int64[np.ndarray, " N"]]:
    if len(files) == 1:
        raise DataError(
            f"{files[0]}: Expected {' and '.join(IDX_NAMES)} in one folder, got this file only; "
            "add the other."
        )
    images, labels = read_idx(files[0], 3), read_idx(files[1], 1)
    with errors_of(str(files[0])):
        if images.shape[1:] != (SIDE, SIDE):
            raise DataError(
                f"Expected images of shape {(SIDE, SIDE)}, got {images.shape[1:]}; use the files "
                "of MNIST."
            )
        if len(images) != len(labels):
            raise DataError(
                f"Expected one label per image, got {len(images)} images and {len(labels)} labels "
                f"in {str(files[1])!r}; download both again."
            )
    return images.reshape(len(images), SIDE * SIDE), labels.astype(np.int64)


def _cache() -> Path:
    # sklearn.datasets.get_data_home, which would create the folder
    home = os.environ.get("SCIKIT_LEARN_DATA", os.path.join("~", "scikit_learn_data"))
    return Path(os.path.abspath(os.path.expanduser(home))) / "openml" / "openml.org"


def _description_path() -> Path:
    return _cache() / "api/v1/json/data" / f"{OPENML_ID}.gz"


def _description() -> dict[str, str]:
    path = _description_path()
    with errors_of(str(path)):
        try:
            content = json.loads(decompressed(path.read_bytes()))["data_set_description"]
            described = {key: str(content[key]) for key in ("file_id", "md5_checksum")}
            return described | {"path": urlparse(content["url"]).path}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(
                f"Expected OpenML's description of mnist_784, got something else ({error!r}); "
                f"delete the file and run `{FETCH}`."
            ) from error


def _cached_table() -> Path | None:
    if not os.path.isfile(_description_path()):
        return None
    described = _description()
    # scikit-learn named the file by its number before it named it by its address
    names = (described["path"], f"/data/v1/download/{described['file_id']}")
    paths = [_cache() / f"{name.lstrip('/')}.gz" for name in names]
    return next((path for path in paths if os.path.isfile(path)), None)


def _read_table(path: Path) -> tuple[Real[np.ndarray, "N 784"], Int64[np.ndarray, " N"]]:
    # Not by fetch_openml: it deletes a file it cannot read and downloads it again.
    import pandas as pd

    expected = _description()["md5_checksum"]
    with errors_of(str(path)):
        content = decompressed(path.read_bytes())
        got = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if got != expected:
            raise DataError(
                f"Expected a file with the MD5 sum {expected}, got {got}; delete it and run "
                f"`{FETCH}`."
            )
        header = re.search(rb"^@data[^\n]*\n", content, re.IGNORECASE | re.MULTILINE)
        try:
            stream = io.BytesIO(content)
            stream.seek(header.end() if header else 0)
            # float32 holds grey levels exactly, in a quarter of the memory
            rows = pd.read_csv(stream, header=None, dtype=np.float32, nrows=N_TRAINING)
        except ValueError as error:
            raise DataError(
                f"Expected rows of numbers below @data, got something else ({error}); delete the "
                f"file and run `{FETCH}`."
            ) from error
        values: Float32[np.ndarray, "N q"] = rows.to_numpy()
        if values.shape[1] != SIDE * SIDE + 1 or not np.isfinite(values).all():
            raise DataError(
                f"Expected {SIDE * SIDE} grey levels and a label in every row, got rows of "
                f"{values.shape[1]} numbers or missing ones; delete the file and run `{FETCH}`."
            )
        return values[:, :-1], values[:, -1].astype(np.int64)
