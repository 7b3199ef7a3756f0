"""The wire layer: bytes, boxes, checksums."""
