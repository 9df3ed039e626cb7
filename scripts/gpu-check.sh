#!/usr/bin/env bash
# Finds out on a machine with a graphics card what no machine without one can show, in less than eight minutes:
# what the drivers report, the bits and the layout of every variant of the kernels, conformance, speed and energy, and
# jobs of a network on this machine. Each part has a limit of time, and runs whatever became of those before.
#
#   scripts/gpu-check.sh pack          builds build/gpu-check.tar.xz, which holds all that it needs, in at most
#                                      40 MiB; with NETWORK=1 the programs of a network too, which are much larger
#   scripts/gpu-check.sh run [FOLDER]  runs it, here or where the archive was unpacked; FOLDER (build/gpu-check-report) gets report.json and
#                                      report.txt
#   scripts/gpu-check.sh emulated      runs it here, with tensor/cuda on an emulated card
#
# The exit code is that of a failure if any part failed. PARTS names the parts to run. The machine needs Linux on the
# same architecture, the driver of the card, and bash.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
cd "$root"

programs() {
  mkdir -p build/bin
  go build -ldflags '-s -w' -o build/bin/gpucheck ./tests/gpucheck/cmd/gpucheck
  go build -ldflags '-s -w' -o build/bin/conformance ./tests/conformance/cmd/conformance
  if [[ ! -x build/thetaedge ]]; then go build -ldflags '-s -w' -o build/thetaedge ./cmd/thetaedge; fi
}

# network builds what a job of a network needs.
network() {
  make textgen llm
  go build -ldflags '-s -w' -o build/thetad ./cmd/thetad
  go build -ldflags '-s -w' -o build/thetaedge ./cmd/thetaedge
  go build -ldflags '-s -w' -o build/bin/demo ./tests/devnet/cmd/demo
  go build -ldflags '-s -w' -o build/bin/liar ./tests/devnet/cmd/liar
}

pack() {
  programs
  local files=(scripts/gpu-check.sh build/bin/gpucheck build/bin/conformance build/thetaedge models/testdata/prose examples/textgen/corpus)
  if [[ -n "${NETWORK:-}" ]]; then
    network
    files+=(build/thetad build/bin/demo build/bin/liar build/textgen.wasm build/llm.wasm build/prose.theta examples/textgen examples/llm)
  fi
  tar --sort=name --transform 's|^|gpu-check/|' -cf - "${files[@]}" | xz -T2 -6 >build/gpu-check.tar.xz
  local size
  size="$(stat -c %s build/gpu-check.tar.xz)"
  echo "build/gpu-check.tar.xz: $((size >> 20)) MiB; unpack it with tar -xJf, and run gpu-check/scripts/gpu-check.sh run"
  if [[ -z "${NETWORK:-}" ]] && ((size > 40 << 20)); then
    echo "expected at most 40 MiB, found $size bytes" >&2
    return 1
  fi
}

# part NAME SECONDS COMMAND...: the result goes to NAME.json, what it says to NAME.log.
part() {
  local name="$1" limit="$2" began=$SECONDS code=0
  shift 2
  if [[ -n "${PARTS:-}" && " $PARTS " != *" $name "* ]]; then return; fi
  echo "== $name, at most $limit s"
  timeout --kill-after=10 "$limit" "$@" >"$folder/$name.json" 2> >(tee "$folder/$name.log" >&2) || code=$?
  echo "$code $((SECONDS - began))" >"$folder/$name.end"
}

devnet() {
  if [[ ! -x build/bin/demo || ! -x build/thetad ]]; then
    echo "the programs of a network are not here: pack with NETWORK=1, or run \"make demo\" first" >&2
    return 77 # skipped
  fi
  build/bin/demo -brief -dir "$folder/demo" >&2
  cat "$folder/demo/report.json"
}

run() {
  folder="$(realpath -m "${1:-build/gpu-check-report}")"
  mkdir -p "$folder"
  export folder
  export -f devnet
  part hardware 40 build/thetaedge hardware --json
  part exact 80 build/bin/gpucheck -rounds "${ROUNDS:-20}" exact
  part conformance 110 build/bin/conformance -operations "${OPERATIONS:-4000}" -wide "${WIDE:-400}" -prompts "${PROMPTS:-10}" -out "$folder/conformance-report.json"
  part speed 80 build/bin/gpucheck -each 2s speed
  part devnet 165 bash -c devnet
  build/bin/gpucheck report "$folder"
}

case "${1:-}" in
  pack) pack ;;
  run) run "${2:-}" ;;
  emulated)
    programs
    go run ./tests/gpucheck/cmd/emulated >build/emulated
    THETA_CUDA_LIBRARY="$(cat build/emulated)" ROUNDS=1 OPERATIONS=200 WIDE=10 PROMPTS=2 run "${2:-}"
    ;;
  *) echo "expected pack, run or emulated, found ${1:-nothing}" >&2; exit 1 ;;
esac
