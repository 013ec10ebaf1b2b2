"""What figures share: one style, panels, and the bands and captions on them."""
