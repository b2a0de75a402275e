# A worker's image. Nothing in it is written to but /tmp; it runs as nobody in particular.
#   docker build -t parcelproof . && docker run --rm --read-only --volume /tmp parcelproof doctor
FROM debian:12-slim AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.lock ./
RUN python3 -m venv /opt/parcelproof \
    && /opt/parcelproof/bin/python -m pip install --no-cache-dir -r requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE THIRD_PARTY.md ./
COPY models models
COPY detectors detectors
COPY pipeline pipeline
RUN /opt/parcelproof/bin/python -m pip install --no-cache-dir --no-deps .

FROM debian:12-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates ffmpeg libzbar0 python3 tesseract-ocr \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin parcelproof
COPY --from=build /opt/parcelproof /opt/parcelproof
ENV PATH=/opt/parcelproof/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/tmp
USER 10001
WORKDIR /tmp
# Uploads lie in /tmp while they are read. The box needs Landlock (Linux 5.13 or newer) and a seccomp
# profile that lets a process restrict itself, as Docker's own does: `doctor` tries it.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["parcelproof", "health", "--live"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["parcelproof"]
CMD ["worker"]
