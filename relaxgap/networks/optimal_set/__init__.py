r"""The set of all optimal two-layer networks, a polytope, and what its proofs leave open.

For a strictly convex loss the optimal fit and the dual point :math:`\nu^*` are unique, each (cell,
sign) of price :math:`\beta` has a unique maximiser :math:`\bar u_k`, and the optimal networks are

.. math:: \Theta^* = \{ c \ge 0 : \textstyle\sum_k c_k s_k (X \bar u_k)_+ = \text{fit}^* \}.

`known_optimum` says how near a dual point is to :math:`\nu^*`, `priced_cells` which cells can have
price :math:`\beta` there, `tight_neurons` which are one neuron, `outer_bounds` what holds of
every optimal network, `polytope` what the numbers look like. That there is one network follows from
columns whose independence survives the errors; that there are several, from `linear_part` or, in
fractions, from `exact`.

References
----------
Wang, Lacotte & Pilanci (2022); Mishkin & Pilanci (2023); Kim, Mishkin & Pilanci (2025), arXiv
2411.07729.
"""
