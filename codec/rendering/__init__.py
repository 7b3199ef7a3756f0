"""Rendering of splats: one `render`, a CPU and a CUDA back end."""
