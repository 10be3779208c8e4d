#!/usr/bin/env bash
# What `make stack` and `make stack-down` do; needs Docker with Compose v2 or docker-compose 1.29, nothing else.
#   infra/stack.sh settings      write .env, to be edited before the first start
#   infra/stack.sh up [options of `docker compose up`, e.g. --scale nlu=2]
#   infra/stack.sh down
set -euo pipefail
cd "$(dirname "$0")/.."

#: Seconds until every container has to be healthy.
PATIENCE=300

compose() {
  if docker compose version >/dev/null 2>&1; then docker compose "$@"; else docker-compose "$@"; fi
}

# The settings with random secrets, readable by this user alone; what is there stays as it is.
write_settings() {
  if [[ -e .env ]]; then return; fi
  umask 077
  local line
  while read -r line; do
    case $line in
      PARLEY_API_KEY=) line+="pk-$(secret)" ;;
      *_PASSWORD=) line+=$(secret) ;;
    esac
    echo "$line"
  done <.env.example >.env.new
  mv .env.new .env
  echo "Wrote .env with new secrets; keep it."
}

secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

states() {
  # shellcheck disable=SC2046  # one argument per container
  docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}}: {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}healthy{{end}}' $(compose ps -a -q)
}

wait_until_healthy() {
  local deadline=$((SECONDS + PATIENCE))
  while states | grep -qv ': running healthy$'; do
    if ((SECONDS > deadline)) || states | grep -q 'unhealthy$'; then
      states
      compose logs --tail=20
      echo "The stack is not healthy." >&2
      exit 1
    fi
    sleep 1
  done
}

up() {
  write_settings
  compose build
  compose up -d "$@"
  wait_until_healthy
  echo "Parley runs at http://127.0.0.1:$(port PARLEY_PORT); the admin key is PARLEY_API_KEY in .env. Console: http://127.0.0.1:$(port PARLEY_CONSOLE_PORT). Prometheus: http://127.0.0.1:$(port PROMETHEUS_PORT)"
  echo "Without a bot and a model it cannot answer yet; docs/operations.md tells the two commands."
}

port() { sed -n "s/^$1=//p" .env; }

case ${1:-} in
  up) shift; up "$@" ;;
  down) compose down ;;
  settings) write_settings ;;
  *) sed -n '2,5p' "$0" >&2; exit 2 ;;
esac
