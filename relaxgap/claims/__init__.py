"""Every numbered result of the paper as a claim that can be checked, explained and evaluated."""
