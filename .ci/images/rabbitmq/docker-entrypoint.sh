#!/usr/bin/env bash
# The part of the official entrypoint that a Compose file relies on: root becomes the user rabbitmq.
set -euo pipefail

if [[ ${1:-} == rabbitmq* && $(id -u) == 0 ]]; then
  [[ $1 != rabbitmq-server ]] || chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$0" "$@"
fi
if [[ $(hostname) != "$(hostname -s)" ]]; then export RABBITMQ_USE_LONGNAME="${RABBITMQ_USE_LONGNAME:-true}"; fi
exec "$@"
