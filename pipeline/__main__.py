"""`python -m pipeline`, and the console script. Imports nothing until called: children load it."""


def main() -> None:
    from pipeline.cli.app import app

    app()


if __name__ == "__main__":
    main()
