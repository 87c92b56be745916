"""How good and how fast the product is: labelled scenes, what it makes of them, the figures."""
