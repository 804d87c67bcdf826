#!/usr/bin/env bash
# The part of the official entrypoint that a Compose file relies on: options alone are redis-server's, root becomes the
# user redis, and files are that user's alone. The official server is compiled so that it answers other machines.
set -euo pipefail

[[ ${1:-} != -* && ${1:-} != *.conf ]] || set -- redis-server "$@"
if [[ ${1:-} == redis-server && $(id -u) == 0 ]]; then
  chown -R redis:redis .
  exec setpriv --reuid=redis --regid=redis --clear-groups "$0" "$@"
fi
[[ $(umask) != 0022 ]] || umask 0077
[[ ${1:-} != redis-server ]] || set -- "$@" --protected-mode no
exec "$@"
