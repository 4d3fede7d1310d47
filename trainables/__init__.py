"""What one trial computes: pure PyTorch and NumPy, without Ray, database or terminal."""
