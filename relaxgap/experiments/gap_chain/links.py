"""The links of the chain as factors, from the certified ends of a summary."""

import numpy as np
import pandas as pd


def with_links(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the summary with each link as a factor: upper ends over lower ones.

    Of the first also the lower end, ``least_split``. The aspect ratio is the nearest one of the
    largest size: of few samples d is rounded.
    """
    exact = summary["n"] / summary["d"]
    levels = exact[summary["n"] == summary["n"].max()].unique()
    nearest = np.abs(np.log(exact.to_numpy()[:, None] / levels)).argmin(axis=1)
    return summary.assign(
        c=levels[nearest].round(2),
        split=summary["relu"] / summary["gated_bound"],
        least_split=summary["relu_bound"] / summary["gated"],
        slack=summary["prop3_bound"] / summary["gated_bound"],
        below=summary["prop3_bound"] / summary["prop4_bound"],
        direct=summary["relu"] / summary["prop4_bound"],
    )
