# One file for every image: `docker build .` makes the service, `--target test` the one that tests it.
# Every argument has a default, so plain `docker build .` works; `inv build` injects the real values.
ARG PYTHON_VERSION=3.13
ARG VARIANT=slim

FROM python:${PYTHON_VERSION}-${VARIANT} AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PATH=/opt/venv/bin:$PATH
WORKDIR /srv

# Poetry stays in this stage; what leaves it is a list of packages with their hashes. The version
# is blanked first, so that raising it doesn't install everything anew.
FROM base AS requirements
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /opt/poetry \
 && /opt/poetry/bin/pip install --quiet "poetry==2.5.*" "poetry-plugin-export==1.10.*"
COPY pyproject.toml poetry.lock ./
RUN sed -i 's/^version = .*/version = "0"/' pyproject.toml \
 && /opt/poetry/bin/poetry export --quiet --only main --output main.txt \
 && /opt/poetry/bin/poetry export --quiet --only main,dev --output dev.txt

FROM base AS dependencies
RUN python -m venv --without-pip /opt/venv
COPY --from=requirements /srv/main.txt /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --quiet --no-deps --require-hashes --requirement /tmp/main.txt

FROM dependencies AS test-dependencies
COPY --from=requirements /srv/dev.txt /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/venv/bin/python install --quiet --no-deps --require-hashes --requirement /tmp/dev.txt

# What .dockerignore lets through, except what only the build or the tests read.
FROM base AS source
COPY . /tree
RUN rm -rf /tree/tests /tree/poetry.lock && chmod -R u=rwX,go=rX /tree && python -m compileall -q /tree

FROM base AS service
ARG ASGI_APP=app.main:app
ARG PORT=8000
ARG WEB_CONCURRENCY=4
ARG HEALTH_PATH=/health/ready
ENV ASGI_APP=${ASGI_APP} \
    PORT=${PORT} \
    WEB_CONCURRENCY=${WEB_CONCURRENCY} \
    HEALTH_PATH=${HEALTH_PATH}
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=source /tree /srv
USER 65532:65532
EXPOSE ${PORT}
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --retries=3 --start-period=30s --start-interval=250ms \
    CMD ["python", "-Ic", "import os, http.client as h; c = h.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=3); c.request('GET', os.environ['HEALTH_PATH']); s = c.getresponse().status; print(s); raise SystemExit(s != 200)"]
CMD ["gunicorn"]

FROM service AS test
COPY --from=test-dependencies /opt/venv /opt/venv
COPY tests tests
CMD ["pytest"]

# Last, so that it is what plain `docker build .` makes. These change with every commit: below
# everything that should stay cached.
FROM service
ARG TITLE=service
ARG VERSION=0.0.0+unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=
ARG PYTHON_VERSION
ARG VARIANT
ARG INPUTS=
ENV APP_VERSION=${VERSION}
LABEL org.opencontainers.image.title=${TITLE} \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION} \
      org.opencontainers.image.created=${CREATED} \
      org.opencontainers.image.source=${SOURCE} \
      org.opencontainers.image.base.name=python:${PYTHON_VERSION}-${VARIANT} \
      dev.slipway.inputs=${INPUTS}
