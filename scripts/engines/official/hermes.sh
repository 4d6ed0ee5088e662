#!/bin/sh
# /opt/hermes/bin/hermes, first on the PATH: whoever comes as root (`docker exec` without -u) goes on as user hermes.
real=/opt/hermes/.venv/bin/hermes
if [ "$(id -u)" != 0 ] || [ "${HERMES_DOCKER_EXEC_AS_ROOT-}" = 1 ]; then exec "$real" "$@"; fi
export HOME=/opt/data
exec /command/s6-setuidgid hermes "$real" "$@"
