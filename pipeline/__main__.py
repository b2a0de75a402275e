"""`python -m pipeline`, and the console script. Imports nothing until called: boxed children load this module too."""


def main() -> None:
    from pipeline.cli import app

    app()


if __name__ == "__main__":
    main()
