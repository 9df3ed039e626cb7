#!/usr/bin/env bash
# Installs the pinned development tools into build/tools, from the Go module
# proxy alone. Usage: scripts/tools.sh proto|lint|vuln|relayer|all
# (all is without the relayer, which only the demonstration of interchain transfers needs)
set -euo pipefail
cd "$(dirname "$0")/.."

GOBIN="$PWD/build/tools"
export GOBIN GOFLAGS=
mkdir -p "$GOBIN"

# want BINARY MODULE@VERSION: installs unless this very version is there.
want() {
  local stamp="$GOBIN/.$1@${2##*@}"
  if [[ -x "$GOBIN/$1" && -e "$stamp" ]]; then return; fi
  echo "installing $2"
  go install -ldflags='-s -w' "$2" # nobody debugs them, and symbols take time to link
  touch "$stamp"
}

case "${1:-}" in
  proto)
    want buf github.com/bufbuild/buf/cmd/buf@v1.57.2
    want protoc-gen-gocosmos github.com/cosmos/gogoproto/protoc-gen-gocosmos@v1.7.2
    want protoc-gen-grpc-gateway github.com/grpc-ecosystem/grpc-gateway/protoc-gen-grpc-gateway@v1.16.0
    want protoc-gen-openapiv2 github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2@v2.29.0
    # The sidecar's own API speaks standard protobuf and grpc-gateway v2.
    mkdir -p "$GOBIN/v2"
    GOBIN="$GOBIN/v2"
    for tool in \
      google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.10 \
      google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.5.1 \
      github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway@v2.29.0; do
      name="${tool##*/}"
      want "${name%@*}" "$tool"
    done
    ;;
  lint)
    want golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.2
    ;;
  vuln)
    want govulncheck golang.org/x/vuln/cmd/govulncheck@v1.9.0
    ;;
  relayer)
    # A module of its own: go install refuses a version whose list of versions the proxy does not serve.
    stamp="$GOBIN/.relayer@$(sha256sum tests/ibcdemo/relayer/go.mod | cut -c1-16)"
    if [[ ! -x "$GOBIN/relayer" || ! -e "$stamp" ]]; then
      echo "building the relayer of tests/ibcdemo/relayer; the first time, this takes some minutes"
      go build -C tests/ibcdemo/relayer -buildvcs=false -ldflags='-s -w' -o "$GOBIN/relayer" .
      touch "$stamp"
    fi
    ;;
  all)
    for kind in proto lint vuln; do scripts/tools.sh "$kind"; done
    ;;
  *)
    echo "usage: scripts/tools.sh proto|lint|vuln|relayer|all" >&2
    exit 2
    ;;
esac
