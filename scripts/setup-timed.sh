#!/usr/bin/env bash
# Sets up a node on a local network twice, from an empty folder until it was paid: with the commands of the
# README, and with the wizard of the dashboard in Chromium. It times each step, counts what a person does, and
# writes build/setup/report.json and pictures. It needs curl and bc, and for the wizard node, Chromium and two packages:
#
#   npm install --prefix build/look playwright-core axe-core
#   make setup-timed
#
# SETUP_PARTS=commands leaves the wizard out. LOOK_LANGUAGE=de shows it in German, SETUP_WIDTH is the width of its window, and
# CHROMIUM names another browser.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD/build/setup
rm -rf "$root" && mkdir -p "$root/pictures"
for program in thetad thetaedge bin/devnet; do
  [[ -x build/$program ]] || { echo "expected build/$program, found none; run make setup-timed, which builds it" >&2; exit 1; }
done
export PATH=$PWD/build:$PATH
started=()
finish() {
  for pid in "${started[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  wait
}
trap finish EXIT

now() { date +%s.%N; }
# await SECONDS COMMAND...: waits until a command succeeds.
await() {
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= until)); then echo "expected within time: $*" >&2; return 1; fi
    sleep 0.2
  done
}

echo "starting a network"
build/bin/devnet -dir "$root/devnet" >"$root/devnet.log" 2>&1 &
started+=($!)
# up reports that the network runs, or that it has ended.
up() { grep -q 'Ctrl-C stops it' "$root/devnet.log" || ! kill -0 "${started[0]}"; }
await 300 up
grep -q 'Ctrl-C stops it' "$root/devnet.log" || { tail -2 "$root/devnet.log" >&2; exit 1; }
# value NAME: what the network has printed for a name.
value() { sed -n "s/^  $1  *\([^ ]*\).*/\1/p" "$root/devnet.log" | head -1; }
export RPC GRPC RELAY FAUCET
RPC=$(value 'CometBFT RPC') GRPC=$(value gRPC) RELAY=$(value 'blob relay') FAUCET=$(value faucet)

steps=$root/steps.tsv
# step WAY KIND NAME SECONDS: notes what was done.
step() { printf '%s\t%s\t%s\t%.1f\n' "$@" | tee -a "$steps"; }

# readme prints the commands of the section about computers to spare, one per line.
readme() { awk '/^### You have a computer to spare/ {on=1} /^### You validate/ {on=0} on' README.md | awk '/^```sh/ {n++; next} /^```/ {if (n == 1) exit} n == 1' | sed '/^$/d'; }

# paid HOME: whether a node was paid.
paid() { thetaedge why --home "$1" | grep -q '^The node earns'; }

commands() {
  local began from line list
  list=$(readme)
  cd "$root" && mkdir -p build
  began=$(now)
  while read -r line; do
    from=$(now)
    case $line in
    *"thetaedge start"*)
      eval "exec ${line%%#*}" >"$root/commands-node.log" 2>&1 &
      started+=($!)
      await 120 thetaedge status --home build/attic
      ;;
    # doctor names what is missing and ends with an error before the node is registered.
    *"thetaedge doctor"*) eval "$line" >>"$root/commands.log" 2>&1 || true ;;
    # register shows the costs and asks; --yes stands for the answer.
    *"thetaedge register"*) eval "$line --yes" >>"$root/commands.log" 2>&1 || { tail -5 "$root/commands.log" >&2; return 1; } ;;
    *) eval "$line" >>"$root/commands.log" 2>&1 || { tail -5 "$root/commands.log" >&2; return 1; } ;;
    esac
    step commands pasted "${line%% #*}" "$(bc <<<"$(now) - $from")"
  done <<<"$list"
  from=$(now)
  line="thetaedge doctor --self-test --home build/attic --from operator --keyring-dir build/me --keyring-backend test --relay $RELAY --yes"
  await 120 sh -c "thetaedge status --home build/attic --json | grep -qi '\"node_*status\": *\"active\"'"
  # The node can be drawn from the next epoch on.
  await 60 sh -c "! thetaedge why --home build/attic | grep -q 'before the next epoch'"
  step commands waited "until the node can be drawn" "$(bc <<<"$(now) - $from")"
  from=$(now)
  $line >>"$root/commands.log" 2>&1 || { tail -20 "$root/commands.log" >&2; return 1; }
  await 60 paid build/attic
  step commands pasted "${line% --yes}" "$(bc <<<"$(now) - $from")"
  step commands total "from an empty folder until the node was paid" "$(bc <<<"$(now) - $began")"
  cd - >/dev/null
  # The next node listens on the same addresses.
  kill -TERM "${started[-1]}"
  wait "${started[-1]}" || true
  unset 'started[-1]'
}

wizard() {
  LOOK=$(realpath "${LOOK:-build/look}") STEPS=$steps SETUP_ROOT=$root node tests/dashboard/setup.mjs
}

commands
[[ ${SETUP_PARTS:-} == commands ]] || wizard

# A person needs about five seconds to find and paste a command, five to fill a field, and two to click.
awk -F '\t' '
  $2 == "total" { total[$1] = $4; next }
  $2 == "waited" { next }
  { count[$1 "\t" $2]++; person[$1] += $2 == "clicked" ? 2 : 5 }
  END {
    printf "{\n"
    for (way in total) {
      printf "%s  \"%s\": {\"machine_seconds\": %.1f, \"pasted\": %d, \"filled\": %d, \"clicked\": %d, \"person_seconds\": %d}", sep, way, total[way], count[way "\tpasted"], count[way "\tfilled"], count[way "\tclicked"], person[way]
      sep = ",\n"
    }
    printf "\n}\n"
  }' "$steps" | tee "$root/report.json"
