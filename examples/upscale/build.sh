#!/bin/sh
# Compiles the program to build/upscale.wasm at the top of the repository (WASI preview 1 with the
# import module of the profile tensor/1). Needs Go and nothing else.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build
GOOS=wasip1 GOARCH=wasm CGO_ENABLED=0 GOEXPERIMENT= GOWASM= \
	go build -trimpath -buildvcs=false -ldflags="-s -w" -o build/upscale.wasm ./examples/upscale/cmd/upscale
ls -l build/upscale.wasm
