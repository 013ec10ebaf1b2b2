"""Every claim by its name, in the order of the paper."""

from relaxgap.claims import gated, relaxation, sharpness, spectrum, training
from relaxgap.claims.claim import Claim

CLAIMS: dict[str, Claim] = {
    claim.name: claim
    for room in (gated, spectrum, sharpness, relaxation, training)
    for claim in room.CLAIMS
}
