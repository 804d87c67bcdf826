# Slipway's stage upon the image of a project that has a Dockerfile of its own: `inv build` builds that first, and says
# here which Python the service has in it (@PYTHON@), and which PATH. No instruction needs a shell.
FROM theirs AS fitted
USER 0:0
RUN --mount=type=bind,target=/slipway-build \
    --mount=type=cache,target=/root/.cache/pip \
    --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    ["@PYTHON@", "-B", "/slipway-build/fit.py"]

FROM theirs
ARG ASGI_APP
ARG PORT=8000
ARG WEB_CONCURRENCY=4
ARG HEALTH_PATH=/
ARG HEALTH_HOST=
ARG SERVICE_USER=65532:65532
COPY --from=fitted /slipway-tree /
ENV PATH="@PATH@" \
    PYTHONPATH="@PYTHONPATH@" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ASGI_APP=${ASGI_APP} \
    PORT=${PORT} \
    WEB_CONCURRENCY=${WEB_CONCURRENCY} \
    HEALTH_PATH=${HEALTH_PATH} \
    HEALTH_HOST=${HEALTH_HOST}@VARIABLES@
USER ${SERVICE_USER}
EXPOSE ${PORT}
STOPSIGNAL SIGTERM
# As this repository's Dockerfile has it.
HEALTHCHECK @HEALTHCHECK@
ENTRYPOINT ["@PYTHON@", "-I", "/opt/slipway/slipway/entrypoint.py"]
CMD ["@PYTHON@", "-m", "gunicorn", "--config", "/opt/slipway/gunicorn.conf.py"]
ARG TITLE=service
ARG VERSION=0.0.0+unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=
ARG PREVIOUS=
ARG SCHEMA=
ARG ACCEPTS=
ARG INPUTS=
ARG BASE_NAME=
ENV APP_VERSION=${VERSION}
LABEL org.opencontainers.image.title=${TITLE} \
      org.opencontainers.image.version=${VERSION} \
      org.opencontainers.image.revision=${REVISION} \
      org.opencontainers.image.created=${CREATED} \
      org.opencontainers.image.source=${SOURCE} \
      org.opencontainers.image.base.name=${BASE_NAME} \
      dev.slipway.previous=${PREVIOUS} \
      dev.slipway.schema=${SCHEMA} \
      dev.slipway.accepts=${ACCEPTS} \
      dev.slipway.inputs=${INPUTS} \
      dev.slipway.format=1
