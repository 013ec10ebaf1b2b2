"""The dual constraint of every block of a program: bounds of it, and exact prices."""
