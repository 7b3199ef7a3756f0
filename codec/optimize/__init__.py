"""Training of splats on the CPU: image loss, Adam, densification and the loop around them.

The same core makes scenes from photos (`tools.train_scene`) and re-optimizes pruned scenes in the
encoder. It needs numba (extra `render`); only `cuda` needs torch. Nothing here is imported by the
light path.
"""
