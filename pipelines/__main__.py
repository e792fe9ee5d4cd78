"""Runs the command `streamshade` as ``python -m pipelines``."""

from pipelines.cli import main

if __name__ == "__main__":
    main(prog_name="streamshade")
