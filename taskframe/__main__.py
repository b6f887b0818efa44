"""`python -m taskframe` is the `taskframe` command."""

from taskframe.cli import main

if __name__ == "__main__":
    main()
