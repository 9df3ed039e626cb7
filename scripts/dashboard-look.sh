#!/usr/bin/env bash
# Takes pictures of every page of the dashboard in Chromium, wide and narrow, light and dark, looks for barriers
# with axe, and uses the pages without a mouse. It needs node, Chromium, and the packages playwright-core and axe-core:
#
#   npm install --prefix build/look playwright-core axe-core
#   scripts/dashboard-look.sh
#
# The pictures are in build/look/pictures. LOOK_LANGUAGE=de shows the pages in German, CHROMIUM names another browser,
# and LOOK another folder with the packages.
set -euo pipefail
cd "$(dirname "$0")/.."

look=${LOOK:-build/look}
for package in playwright-core axe-core; do
  if [[ ! -d $look/node_modules/$package ]]; then
    echo "expected $package in $look/node_modules, found none; run: npm install --prefix $look playwright-core axe-core" >&2
    exit 1
  fi
done
mkdir -p build/bin build/look/pictures
[[ -n ${PREBUILT:-} ]] || go build -o build/bin/dashboard ./tests/dashboard/cmd/dashboard

# Each node writes the address that opens it.
addresses=$(mktemp -d)
build/bin/dashboard >"$addresses/working" &
working=$!
build/bin/dashboard -unregistered >"$addresses/new" &
new=$!
build/bin/dashboard -held >"$addresses/held" &
held=$!
build/bin/dashboard -outdated >"$addresses/outdated" &
outdated=$!
build/bin/dashboard -waiting >"$addresses/waiting" &
waiting=$!
trap 'kill -INT $working $new $held $outdated $waiting 2>/dev/null; wait; rm -rf "$addresses"' EXIT
for node in working new held outdated waiting; do
  for _ in $(seq 1 200); do
    [[ -s $addresses/$node ]] && break
    sleep 0.1
  done
  [[ -s $addresses/$node ]] || exit 1
done
LOOK=$(realpath "$look") node tests/dashboard/look.mjs "$(head -1 "$addresses/working")" "$(head -1 "$addresses/new")" build/look/pictures "$(tail -1 "$addresses/new")" "$(head -1 "$addresses/held")" "$(head -1 "$addresses/outdated")" "$(head -1 "$addresses/waiting")"
