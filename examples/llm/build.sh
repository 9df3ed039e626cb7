#!/bin/sh
# Compiles the program to build/llm.wasm at the top of the repository, for the profile tensor/1.
# Needs Go and nothing else.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build
GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 GOEXPERIMENT= GOWASM= \
	go build -trimpath -buildvcs=false -ldflags="-s -w" -o build/llm.wasm ./examples/llm/cmd/llm
ls -l build/llm.wasm
