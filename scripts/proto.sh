#!/usr/bin/env bash
# Generates Go, gateway and OpenAPI code from proto/, lints or formats it. Everything
# comes from the Go module cache: no Docker and no schema registry.
# Usage: scripts/proto.sh gen|check|lint|fmt|breaking|baseline
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/tools.sh proto
GOFLAGS= go build -o build/tools/protoc-gen-eventjson ./scripts/protoc-gen-eventjson
ROOT="$PWD"
TOOLS="$ROOT/build/tools"
WS="$ROOT/build/proto"
# The schemas as clients know them, an image that buf compares with.
BASELINE="$ROOT/proto/baseline.binpb.gz"

# The events of the hot path, whose encoding is generated; see docs/adr/012-events.md.
EVENTS=$(printf 'theta.compute.v1.%s;' EventBatch EventSweep EventJobPosted EventJobClosed)

# module PATH: the directory of a module in the cache, downloaded when missing.
module() { go mod download "$1@$2" && go list -m -f '{{.Dir}}' "$1@$2"; }
version() { go list -m -f '{{.Version}}' "$1"; }

# workspace DIR SOURCE: lays proto/ of SOURCE beside the schemas it imports.
workspace() {
  rm -rf "$1" && mkdir -p "$1"
  cp -r "$2" "$1/theta-proto"
  local sdk cosmosproto gogo gw2
  sdk=$(module github.com/cosmos/cosmos-sdk "$(version github.com/cosmos/cosmos-sdk)")
  cosmosproto=$(module github.com/cosmos/cosmos-proto "$(version github.com/cosmos/cosmos-proto)")
  gogo=$(module github.com/cosmos/gogoproto "$(version github.com/cosmos/gogoproto)")
  local gw
  gw=$(GOFLAGS=-mod=mod go mod download -json github.com/grpc-ecosystem/grpc-gateway@v1.16.0 | sed -n 's/.*"Dir": "\(.*\)",*/\1/p')
  mkdir -p "$1/deps/gogoproto"
  cp -r "$sdk/proto/cosmos" "$sdk/proto/amino" "$sdk/proto/tendermint" "$1/deps/"
  cp -r "$cosmosproto/proto/cosmos_proto" "$1/deps/"
  cp "$gogo/gogoproto/gogo.proto" "$1/deps/gogoproto/"
  cp -r "$gw/third_party/googleapis/google" "$1/deps/"
  chmod -R u+w "$1"
  printf 'version: v1\ndirectories:\n  - theta-proto\n  - deps\n' > "$1/buf.work.yaml"
  printf 'version: v1\n' > "$1/deps/buf.yaml"
}

# generate DEST: writes the code and docs/static/openapi.json below DEST.
generate() {
  local dest="$1" out="$WS/out"
  mkdir -p "$dest" "$out/chain" "$out/sidecar" "$out/openapi"
  cat > "$WS/chain.gen.yaml" <<YAML
version: v1
plugins:
  - plugin: gocosmos
    path: $TOOLS/protoc-gen-gocosmos
    out: $out/chain
    opt: plugins=grpc,Mgoogle/protobuf/any.proto=github.com/cosmos/gogoproto/types/any
  - plugin: grpc-gateway
    path: $TOOLS/protoc-gen-grpc-gateway
    out: $out/chain
    opt: logtostderr=true,allow_colon_final_segments=true
  - plugin: eventjson
    path: $TOOLS/protoc-gen-eventjson
    out: $out/chain
    opt: messages=$EVENTS
YAML
  cat > "$WS/sidecar.gen.yaml" <<YAML
version: v1
plugins:
  - plugin: go
    path: $TOOLS/v2/protoc-gen-go
    out: $out/sidecar
  - plugin: go-grpc
    path: $TOOLS/v2/protoc-gen-go-grpc
    out: $out/sidecar
  - plugin: grpc-gateway
    path: $TOOLS/v2/protoc-gen-grpc-gateway
    out: $out/sidecar
YAML
  cat > "$WS/openapi.gen.yaml" <<YAML
version: v1
plugins:
  - plugin: openapiv2
    path: $TOOLS/protoc-gen-openapiv2
    out: $out/openapi
    opt: logtostderr=true,fqn_for_openapi_name=true,allow_merge=true,merge_file_name=theta,simple_operation_ids=true
    strategy: all
YAML
  cd "$WS"
  for m in beacon edgenode compute rewards feemarket tally; do
    if compgen -G "theta-proto/theta/$m/v1/*.proto" >/dev/null; then
      "$TOOLS/buf" generate --template chain.gen.yaml --path "theta-proto/theta/$m/v1"
    fi
  done
  if compgen -G "theta-proto/theta/sidecar/v1/*.proto" >/dev/null; then
    "$TOOLS/buf" generate --template sidecar.gen.yaml --path theta-proto/theta/sidecar/v1
    cp -r "$out/sidecar/github.com/thetaedge/theta/." "$dest/"
  fi
  cp -r "$out/chain/github.com/thetaedge/theta/." "$dest/"
  # The queries that the app serves over REST: its own modules' and the SDK's.
  local served=() query
  for query in theta-proto/theta/{beacon,edgenode,compute,rewards,feemarket,tally}/v1/query.proto \
    deps/cosmos/{auth,authz,bank,distribution,epochs,evidence,feegrant,mint,slashing,staking,upgrade}/v1beta1/query.proto \
    deps/cosmos/{consensus,gov}/v1/query.proto deps/cosmos/base/{node,tendermint}/v1beta1/query.proto \
    deps/cosmos/tx/v1beta1/service.proto; do
    if [[ -e $query ]]; then served+=(--path "$query"); fi
  done
  "$TOOLS/buf" generate --template openapi.gen.yaml "${served[@]}"
  mkdir -p "$dest/docs/static"
  cd "$ROOT"
  go run ./scripts/openapi "$out/openapi/theta.swagger.json" > "$dest/docs/static/openapi.json"
}

# compare DEST: every generated file is in the tree as generated, and the tree
# has no generated file that the schemas no longer make.
compare() {
  local stale=0 file
  while read -r file; do
    if ! cmp -s "$1/$file" "$file"; then
      echo "out of date: $file" >&2
      stale=1
    fi
  done < <(cd "$1" && find . -type f | sed 's|^\./||')
  while read -r file; do
    if [[ ! -e "$1/$file" ]]; then
      echo "no schema makes: $file" >&2
      stale=1
    fi
  done < <(find x sidecar -name '*.pb.go' -o -name '*.pb.gw.go')
  if [[ $stale -ne 0 ]]; then
    echo "generated code differs from the schemas; run: make proto" >&2
    return 1
  fi
}

case "${1:-gen}" in
  gen)
    workspace "$WS" "$ROOT/proto"
    generate "$ROOT"
    ;;
  check)
    workspace "$WS" "$ROOT/proto"
    generate "$WS/check"
    compare "$WS/check"
    ;;
  lint)
    workspace "$WS" "$ROOT/proto"
    cd "$WS" && "$TOOLS/buf" lint theta-proto && "$TOOLS/buf" format --diff --exit-code theta-proto
    ;;
  fmt)
    workspace "$WS" "$ROOT/proto"
    cd "$WS" && "$TOOLS/buf" format -w theta-proto && cp -r theta-proto/theta "$ROOT/proto/"
    ;;
  breaking)
    workspace "$WS" "$ROOT/proto"
    if ! (cd "$WS" && "$TOOLS/buf" breaking theta-proto --against "$BASELINE" --exclude-imports); then
      echo "a client of the baseline would break; if that is meant, say so in CHANGELOG.md and run: make proto-baseline" >&2
      exit 1
    fi
    ;;
  baseline)
    workspace "$WS" "$ROOT/proto"
    cd "$WS" && "$TOOLS/buf" build theta-proto --exclude-source-info -o "$BASELINE"
    ;;
  *)
    echo "usage: scripts/proto.sh gen|check|lint|fmt|breaking|baseline" >&2
    exit 2
    ;;
esac
