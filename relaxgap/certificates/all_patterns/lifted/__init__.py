"""The lifted (completely positive) relaxation: what proves a price bound, and what finds one."""

from relaxgap.certificates.all_patterns.lifted.layout import Lifting, Region
from relaxgap.certificates.all_patterns.lifted.price import price_bound, region_price_bound
from relaxgap.certificates.all_patterns.lifted.processes import RegionProcesses
from relaxgap.certificates.all_patterns.lifted.relaxation import LiftedRelaxation
from relaxgap.certificates.all_patterns.lifted.units import Units

__all__ = [
    "LiftedRelaxation",
    "Lifting",
    "Region",
    "RegionProcesses",
    "Units",
    "price_bound",
    "region_price_bound",
]
