"""The fleet as the cloud's broker knows it: who watches, who is silent, since when."""
