# One file for every image: `docker build .` makes the service, `--target test` the one that tests it,
# `--target single` the classic single-stage build that docs/images.md compares it with.
# Every argument has a default, so plain `docker build .` works; `inv build` injects the real values.
ARG PYTHON_VERSION=3.13
ARG VARIANT=slim
ARG SOURCE_DATE_EPOCH=315532800

# An empty VARIANT is the full image, which has no suffix.
FROM python:${PYTHON_VERSION}${VARIANT:+-${VARIANT}} AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PATH=/opt/venv/bin:$PATH

# What Poetry is given: without the version and what Slipway is told, which change often and change
# no package.
FROM base AS declared
WORKDIR /project
COPY pyproject.toml /tmp/
COPY poetry.lock ./
RUN awk '/^[ \t]*\[/ { ours = /^[ \t]*\[tool\.slipway[].]/ } /^version = / { $0 = "version = \"0\"" } !ours' \
        /tmp/pyproject.toml >pyproject.toml

# Slipway's part of an image and of its build: of the folder slipway, where that is the project's own, or of the wheel that
# the first line of slipway.lock names. pip checks that one's hash.
FROM base AS slipway
WORKDIR /from
COPY slipway.lock ./
COPY vendo[r] vendor/
COPY slipwa[y] slipway/
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    sed -n '/^[^#]/{p;q;}' slipway.lock >/tmp/line \
 && if ! grep -qx -e '-e [.]' /tmp/line; then \
    pip download --quiet --dest wheel --no-deps --only-binary :all: --require-hashes --requirement /tmp/line \
 && rm -rf slipway && python -m zipfile -e wheel/*.whl .; fi \
 && mkdir -p /image/slipway && cp -R slipway/schema slipway/__init__.py /image/slipway/ \
 && if [ -e slipway/entrypoint.py ]; then cp slipway/entrypoint.py /image/slipway/; fi

# Poetry stays in this stage. It is installed from a file with the version and hashes of each of its packages
# (`inv pins --update` makes it), and none is compiled: no hash checks what that would need.
FROM base AS poetry
WORKDIR /project
COPY --from=slipway /from/slipway/image/poetry.txt /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    python -m venv /opt/poetry \
 && /opt/poetry/bin/pip install --quiet --no-deps --only-binary :all: --require-hashes --requirement /tmp/poetry.txt
COPY --from=declared /project ./
RUN /opt/poetry/bin/poetry export --only main --output main.txt \
 && /opt/poetry/bin/poetry export --only main,dev --output dev.txt

# The service's packages that lie in the project. Slipway's own wheel is none: another version of it changes none of the
# stages below.
FROM base AS vendor
COPY vendo[r] /project/vendor/
RUN mkdir -p /project/vendor && rm -f /project/vendor/slipway_tasks-*.whl

# Folders of the project that the lock file names as packages become wheels, built by what its group "build" lists, and
# the lists name those with their hashes. For a folder libs/mylib, this stage needs the line COPY libs/mylib libs/mylib
FROM poetry AS wheels
COPY --from=slipway /from/slipway/image/folders.py /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    if grep -q '^type = "directory"' poetry.lock; then \
    /opt/poetry/bin/poetry export --only build --output /tmp/build.txt && pip download --quiet --dest /opt/build \
        --no-deps --only-binary :all: --require-hashes --requirement /tmp/build.txt; fi
COPY --from=vendor /project/vendor vendor
RUN chmod -R a-st,u+rw,go=u,go-w . && python /tmp/folders.py main.txt dev.txt

# What leaves it: two lists of packages with their hashes, which a release compares with another reading of the lock file.
FROM scratch AS requirements
COPY --from=wheels /project/main.txt /project/dev.txt /

# Two builds give the same bytes: the trees that are copied hold their parent folders as well, and
# times, modes and bytecode depend neither on the clock nor on the umask. Bytecode is not checked
# against its source, whose time says nothing. What was downloaded once is kept in /wheels: pip's own
# cache doesn't hold what an index forgets to call cacheable. (A package without a wheel needs the
# index while it is built: hence the second try. Some carry files that are no Python: hence true.)
# The lists name packages of the project's own as /project/vendor/FILE or /project/built/FOLDER/FILE; without a folder
# vendor, the pattern is none's.
FROM base AS dependencies
RUN python -m venv --without-pip /opt/venv \
 && mkdir -p /dependencies/opt && mv /opt/venv /dependencies/opt/ && ln -s /dependencies/opt/venv /opt/venv
COPY --from=requirements /main.txt /tmp/
COPY --from=vendor /project/vendor /project/vendor
COPY --from=wheels /project/built /project/built
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=cache,target=/wheels,sharing=locked \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip download --progress-bar off --dest /wheels --no-deps --require-hashes --requirement /tmp/main.txt \
 && install="pip --python /opt/venv/bin/python install --find-links /wheels --no-compile --no-deps --require-hashes" \
 && { $install --no-index --requirement /tmp/main.txt || $install --requirement /tmp/main.txt; } \
 && { python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib || true; } \
 && chmod -R a-st,u+rw,go=u,go-w /dependencies \
 && find /dependencies -exec touch -h -d @315532800 {} +

FROM dependencies AS test-dependencies
COPY --from=requirements /dev.txt /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=cache,target=/wheels,sharing=locked \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    pip download --quiet --dest /wheels --no-deps --require-hashes --requirement /tmp/dev.txt \
 && install="pip --python /opt/venv/bin/python install --find-links /wheels --no-deps --require-hashes --quiet" \
 && { $install --no-index --requirement /tmp/dev.txt || $install --requirement /tmp/dev.txt; }

# What .dockerignore lets through, except what only the build or the tests read, folders that are packages, and empty
# ones, which git doesn't know. Of a file's modes, git knows its owner's x. Its files bear the commit's time,
# and so does the folder's name: when content alone is the same, the cache would give another's times.
FROM base AS source
ARG SOURCE_DATE_EPOCH
WORKDIR /source-${SOURCE_DATE_EPOCH}
COPY . srv
RUN rm -rf srv/slipway
COPY --from=slipway /image srv
RUN sed -n '/^type = "directory"$/{n;s/^url = "\(.*\)"$/\1/p}' srv/poetry.lock >/tmp/folders \
 && while read -r folder; do rm -rf "srv/$folder"; done </tmp/folders \
 && rm -rf srv/tests srv/vendor srv/poetry.lock srv/slipway.lock \
 && { find srv -depth -type d -exec rmdir {} + 2>/dev/null || true; } \
 && python -m compileall -q --invalidation-mode unchecked-hash -p / srv \
 && chmod -R a-st,u+rw,go=u,go-w . \
 && find . -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# All but the service's own files, so that a change of those is all that is built, kept and pushed anew.
FROM base AS runtime
ARG ASGI_APP=app.main:app
ARG PORT=8000
ARG WEB_CONCURRENCY=4
ARG HEALTH_PATH=/health/ready
ARG HEALTH_HOST=
ENV ASGI_APP=${ASGI_APP} \
    PORT=${PORT} \
    WEB_CONCURRENCY=${WEB_CONCURRENCY} \
    HEALTH_PATH=${HEALTH_PATH} \
    HEALTH_HOST=${HEALTH_HOST}
COPY --from=dependencies /dependencies /
USER 65532:65532
EXPOSE ${PORT}
STOPSIGNAL SIGTERM
# How long the service may take to be ready, a day at most, is for whoever starts it to say: compose.yaml does. Until it is
# ready once, failures count only after the start period.
HEALTHCHECK --interval=10s --timeout=3s --retries=3 --start-period=24h --start-interval=0.25s \
    CMD ["python", "-Ic", "import os, http.client as h; e = os.environ; c = h.HTTPConnection('127.0.0.1', int(e['PORT']), timeout=3); c.request('GET', e['HEALTH_PATH'], headers={'Host': e['HEALTH_HOST']} if e.get('HEALTH_HOST') else {}); a = c.getresponse(); print(a.status, a.getheader('Location', '').partition('?')[0]); raise SystemExit(a.status != 200)"]
CMD ["gunicorn"]

FROM runtime AS service
ARG SOURCE_DATE_EPOCH
COPY --from=source /source-${SOURCE_DATE_EPOCH} /
WORKDIR /srv

FROM runtime AS test
ARG SOURCE_DATE_EPOCH
COPY --from=test-dependencies /dependencies /
COPY --from=source /source-${SOURCE_DATE_EPOCH} /
WORKDIR /srv
COPY tests tests
CMD ["pytest"]

# What the stages above spare: compilers, Poetry and its packages stay in the image, and root runs
# the service. `inv image --single` builds it and compares; nothing else uses it.
FROM base AS single
# hadolint ignore=DL3008,DL3018
RUN if command -v apk; then apk add --no-cache build-base; else \
    apt-get update && apt-get install --yes --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*; fi
WORKDIR /srv
COPY --from=slipway /from/slipway/image/poetry.txt /tmp/
RUN python -m venv /opt/venv \
 && pip install --no-cache-dir --no-deps --only-binary :all: --require-hashes --requirement /tmp/poetry.txt
COPY pyproject.toml poetry.lock ./
COPY vendo[r] vendor/
RUN poetry export --only main --output requirements.txt \
 && pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.txt
COPY . .
COPY --from=slipway /image .
CMD ["gunicorn"]

# Last, so that it is what plain `docker build .` makes. These change with every commit: below
# everything that should stay cached.
FROM service
ARG TITLE=service
ARG VERSION=0.0.0+unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=
ARG PREVIOUS=
ARG SCHEMA=
ARG ACCEPTS=
ARG INPUTS=
ARG PYTHON_VERSION
ARG VARIANT
ENV APP_VERSION=${VERSION}
LABEL org.opencontainers.image.title=${TITLE} \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION} \
      org.opencontainers.image.created=${CREATED} \
      org.opencontainers.image.source=${SOURCE} \
      org.opencontainers.image.base.name=docker.io/library/python:${PYTHON_VERSION}${VARIANT:+-${VARIANT}} \
      dev.slipway.previous=${PREVIOUS} \
      dev.slipway.schema=${SCHEMA} \
      dev.slipway.accepts=${ACCEPTS} \
      dev.slipway.inputs=${INPUTS} \
      dev.slipway.format=1
