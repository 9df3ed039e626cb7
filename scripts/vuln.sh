#!/usr/bin/env bash
# Looks for known vulnerabilities in the binaries, and fails over one that has no
# verdict in tests/dependencies/advisories.yaml. It asks the database of the Go
# project; where that does not answer, the copy of it that the module proxy has.
# Usage: scripts/vuln.sh symbol|module
#   symbol  what the binaries call: some minutes, 11 GiB of memory
#   module  every version that the binaries are built with: some seconds
set -euo pipefail
cd "$(dirname "$0")/.."

scan="${1:?usage: scripts/vuln.sh symbol|module}"
COPY=golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018
database="${GOVULNDB:-https://vuln.go.dev}"
if ! curl -fsS -m 15 -o /dev/null "$database/index/db.json"; then
  echo "$database does not answer; asking its copy, $COPY"
  database="file://$(GOFLAGS= go mod download -json "$COPY" | sed -n 's/.*"Dir": "\(.*\)",*/\1/p')/data/osv"
fi
scripts/tools.sh vuln
mkdir -p build
# At the modules govulncheck takes no packages but a folder of one of the binaries.
what=(./cmd/...)
if [[ $scan == module ]]; then what=(-C cmd/thetad); fi
build/tools/govulncheck -db="$database" -scan="$scan" -format=json -tags="${TAGS:-}" "${what[@]}" >build/vuln.json
go run ./scripts/vuln tests/dependencies/advisories.yaml <build/vuln.json
