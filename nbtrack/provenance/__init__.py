"""What can be known about code and data without running them."""
