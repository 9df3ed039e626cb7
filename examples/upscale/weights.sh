#!/bin/sh
# Fetches the weights of ESRGAN Slim (MIT, Kevin Scott) as an npm package, checks its digest and
# unpacks it to build/upscale/package at the top of the repository. Needs npm.
set -eu
name=@upscalerjs/esrgan-slim
version=1.0.0
file=upscalerjs-esrgan-slim-$version.tgz
digest=b53070ff01363e74d33138106dcc72b58d341c9fb7e8fd648554a4e7744142b5

cd "$(dirname "$0")/../.."
mkdir -p build/upscale
cd build/upscale
check() { echo "$digest  $file" | sha256sum --check --status; }
if [ -e "$file" ] && check && [ -d package ]; then exit 0; fi
npm pack --silent "$name@$version" >/dev/null
if ! check; then
	echo "expected the SHA-256 $digest of $file, found $(sha256sum "$file"); do not use it" >&2
	rm -f "$file"
	exit 1
fi
rm -rf package
tar -xzf "$file"
echo "build/upscale/package: $name $version"
