"""What live widgets share: elements, questions to the kernel, and how their files become one module."""
