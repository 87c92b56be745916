"""Makes the shipped clips from one real surveillance recording."""
