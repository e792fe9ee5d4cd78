"""The importable core of streamshade: from a broker's bytes to frames, in layers that import downwards only."""
