"""``python -m straightway``: the same as the command ``straightway``."""

from straightway.cli import main

if __name__ == "__main__":
    main()
