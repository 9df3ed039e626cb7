#!/bin/sh
# Makes the image archive build/words.tar at the top of the repository. Needs Go and nothing else; no container
# engine takes part.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build
architecture=$(go env GOARCH)
GOOS=linux CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w" -o build/words ./examples/container/cmd/words
go run ./examples/container/cmd/pack build/words "$architecture" build/words.tar
ls -l build/words.tar
