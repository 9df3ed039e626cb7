#!/bin/sh
# Compiles inference to build/textgen.wasm at the top of the repository (WASI
# preview 1). Needs Go and nothing else.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build
GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 GOEXPERIMENT= GOWASM= \
	go build -trimpath -buildvcs=false -ldflags="-s -w" -o build/textgen.wasm ./examples/textgen/cmd/textgen
ls -l build/textgen.wasm
