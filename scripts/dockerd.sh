#!/usr/bin/env bash
# Starts and stops a container engine for the tests of container/1, apart from one that the machine has. It needs root.
# Usage: scripts/dockerd.sh start FOLDER   prints the socket, which THETA_DOCKER_SOCKET names to the tests
#        scripts/dockerd.sh stop FOLDER    ends the engine and removes the folder
set -euo pipefail

usage() {
  sed -n '2,4s/^# //p' "$0" >&2
  exit 2
}
[[ $# -eq 2 ]] || usage

# answers SOCKET: reports whether an engine answers there.
answers() { curl --silent --fail --max-time 2 --unix-socket "$1" http://engine/_ping >/dev/null 2>&1; }

start() {
  local folder=$1 pid
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  # There is no network in the containers of the tests, so that nothing of the machine's network is changed.
  setsid dockerd --iptables=false --ip6tables=false --bridge=none --data-root "$folder/data" --exec-root "$folder/exec" \
    --pidfile "$folder/pid" -H "unix://$folder/sock" >"$folder/log" 2>&1 </dev/null &
  pid=$!
  for _ in $(seq 150); do
    if answers "$folder/sock"; then
      echo "$folder/sock"
      return
    fi
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 0.2
  done
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  echo "dockerd did not start; it said:" >&2
  tail -n 5 "$folder/log" >&2
  return 1
}

stop() {
  local folder=$1 pid
  if [[ -f $folder/pid ]]; then
    pid=$(<"$folder/pid")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 150); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.2
    done
  fi
  rm -rf "$folder"
}

case "$1" in
start) start "$2" ;;
stop) stop "$2" ;;
*) usage ;;
esac
