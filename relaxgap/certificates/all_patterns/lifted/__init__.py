"""The lifted (completely positive) relaxation: what proves a bound, and what finds one."""
