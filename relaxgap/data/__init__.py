"""Data sets: Gaussian, the user's files, handwritten digits, tables of scikit-learn."""

from relaxgap.data.bundled import BundledData
from relaxgap.data.dataset import Dataset, DataSource
from relaxgap.data.files import FileData
from relaxgap.data.gaussian import GaussianData
from relaxgap.data.images import DigitsData
from relaxgap.data.mnist import MnistData
from relaxgap.data.other_rows import OtherRowsData

__all__ = [
    "BundledData",
    "DataSource",
    "Dataset",
    "DigitsData",
    "FileData",
    "GaussianData",
    "MnistData",
    "OtherRowsData",
]
