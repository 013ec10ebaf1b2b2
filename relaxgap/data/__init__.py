"""Data sets: Gaussian, the user's files, handwritten digits."""

from relaxgap.data.dataset import Dataset, DataSource
from relaxgap.data.files import FileData
from relaxgap.data.gaussian import GaussianData
from relaxgap.data.images import DigitsData

__all__ = ["DataSource", "Dataset", "DigitsData", "FileData", "GaussianData"]
