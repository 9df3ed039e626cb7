#!/bin/sh
# Installs thetaedge from the archive of a release, or removes it.
#
#   curl -fsSL https://RELEASES/stable/install.sh | sh -s -- --from https://RELEASES
#
# docs/operators/install.md explains it. Everything is in functions, so that a download of this
# script that was cut off does nothing.
set -eu

# The public key of minisign that signs the releases. Copies of this script next to a release have it.
RELEASE_KEY=''

usage() {
  cat <<'TEXT'
usage: install.sh --from URL [--channel NAME] [--to DIR] [--key KEY] [--allow-downgrade]
       install.sh --uninstall [--to DIR] [arguments of thetaedge uninstall]

  --from URL         where the releases are; THETAEDGE_RELEASES says the same
  --channel NAME     list of releases, stable if not given
  --to DIR           folder of the program: ~/.local/bin, or /usr/local/bin as root
  --key KEY          public key of minisign that signs the releases
  --allow-downgrade  replace a newer version, or one that cannot be compared
  --uninstall        remove the program; the home with its keys stays
TEXT
}

say() { printf '%s\n' "$*"; }
die() {
  printf 'install.sh: %s\n' "$*" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# cleanup removes what is not needed any more, also after an interruption.
cleanup() {
  if [ -n "${scratch:-}" ]; then rm -rf "$scratch"; fi
  if [ -n "${fresh:-}" ]; then rm -f "$fresh"; fi
}

# get URL: writes what is at an address to the standard output.
get() {
  case "$from" in
    https://*) scheme=https ;;
    *) scheme=http ;;
  esac
  if has curl; then
    curl --fail --silent --show-error --location --max-redirs 5 --proto "=$scheme" --proto-redir "=$scheme" \
      --connect-timeout 30 --max-time 1800 "$1"
  else
    wget --quiet --max-redirect=0 --timeout=30 --output-document=- "$1"
  fi
}

# fetch NAME FILE BYTES: downloads a file of the release. What it has beyond its limit is not read: wget has no limit of
# its own, and curl only for a server that names the size.
fetch() {
  has curl || has wget || die "expected curl or wget, found neither; install one of them"
  rm -f "$2.failed"
  { get "$from/$channel/$1" || : >"$2.failed"; } | head -c "$(($3 + 1))" >"$2" || die "cannot write $2; make room there"
  [ "$(wc -c <"$2")" -le "$3" ] || die "expected at most $3 bytes at $from/$channel/$1, found more; nothing was installed"
  [ ! -e "$2.failed" ] ||
    die "cannot fetch $from/$channel/$1; check the address and the network, and install curl if wget is used and the server redirects"
}

sum() {
  if has sha256sum; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif has shasum; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  else
    die "expected sha256sum or shasum, found neither; install one of them"
  fi
}

# check_signature FILE: compares the signature of a list of checksums, if that is possible.
check_signature() {
  if [ -z "$key" ]; then
    say "the signature is not checked: this script has no public key; --key gives one"
  elif ! has minisign && [ -n "$keyed" ]; then
    die "expected the program minisign, with which --key is compared, found none; install it, or leave --key out"
  elif ! has minisign; then
    say "the signature is not checked: minisign is not installed; the checksums come from $from over its connection"
  else
    fetch "SHA256SUMS.sig" "$1.sig" 4096
    minisign -V -q -P "$key" -m "$1" -x "$1.sig" || die "the signature of SHA256SUMS is not by the key $key; nothing was installed"
    say "the signature is good"
  fi
}

# newer A B: succeeds if version A comes after version B.
newer() {
  awk -v a="${1#v}" -v b="${2#v}" '
    function number(text) { return text ~ /^[0-9]+$/ }
    function parts(x, y,    i, m, n, p, q) {
      m = split(x, p, "."); n = split(y, q, ".")
      for (i = 1; i <= m && i <= n; i++) {
        if (p[i] == q[i]) continue
        if (number(p[i]) && number(q[i])) return p[i] + 0 > q[i] + 0 ? 1 : -1
        if (number(p[i])) return -1
        if (number(q[i])) return 1
        return p[i] "" > q[i] "" ? 1 : -1
      }
      return m > n ? 1 : m < n ? -1 : 0
    }
    BEGIN {
      x = a; y = b; sub(/-.*/, "", x); sub(/-.*/, "", y)
      order = parts(x, y)
      if (order == 0) {
        x = index(a, "-") ? substr(a, index(a, "-") + 1) : ""
        y = index(b, "-") ? substr(b, index(b, "-") + 1) : ""
        if (x == y) order = 0
        else if (x == "") order = 1
        else if (y == "") order = -1
        else order = parts(x, y)
      }
      exit order > 0 ? 0 : 1
    }'
}

# version_of PROGRAM: prints the version that a program says it has; nothing if it does not run.
version_of() { "$1" version 2>/dev/null | sed -n '1s/^thetaedge v\{0,1\}//p' || true; }

# is_release VERSION: succeeds unless the version is that of a build between two releases.
is_release() {
  printf '%s\n' "$1" | grep -Eq '^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$' &&
    ! printf '%s\n' "$1" | grep -Eq '(-[0-9]+-g[0-9a-f]+|-dirty)$'
}

platform() {
  case "$(uname -s)" in
    Linux) os=linux ;;
    Darwin) os=darwin ;;
    MINGW* | MSYS* | CYGWIN*) die "expected Linux or macOS, found Windows; run install.ps1 in PowerShell" ;;
    *) die "expected Linux or macOS, found $(uname -s); build from source" ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) die "expected x86_64 or aarch64, found $(uname -m); build from source" ;;
  esac
}

# choose: finds the archive of this platform in the list of checksums.
choose() {
  archive=$(awk -v end="_${os}_${arch}.tar.gz" '
    NF == 2 && length($1) == 64 && substr($2, 1, 10) == "thetaedge_" && substr($2, length($2) - length(end) + 1) == end &&
      $2 ~ /^[A-Za-z0-9._-]+$/ { print $2 }' "$scratch/SHA256SUMS")
  [ -n "$archive" ] || die "expected an archive for $os/$arch at $from/$channel, found none; build from source"
  [ "$(printf '%s\n' "$archive" | wc -l)" -eq 1 ] || die "expected one archive for $os/$arch at $from/$channel, found several"
  version=${archive#thetaedge_}
  version=${version%"_${os}_${arch}.tar.gz"}
  is_release "$version" || die "expected the archive of a release, found $archive"
  want=$(awk -v name="$archive" '$2 == name { print $1 }' "$scratch/SHA256SUMS")
}

# compare: refuses to replace a newer program.
compare() {
  [ -e "$to/thetaedge" ] || return 0
  found=$(version_of "$to/thetaedge")
  if [ "$found" = "$version" ] || [ -n "$downgrade" ]; then return 0; fi
  is_release "$found" || die "found $to/thetaedge, whose version (${found:-none}) cannot be compared with $version; --allow-downgrade replaces it"
  if newer "$found" "$version"; then
    die "found version $found at $to/thetaedge, which is newer than $version; --allow-downgrade replaces it"
  fi
}

install_program() {
  case "$from" in
    *[@?#]*) die "expected an address without a user, question mark and hash sign, found $from" ;;
  esac
  case "$from" in
    "") die "expected --from URL or THETAEDGE_RELEASES with the address of the releases, found none: no public address exists yet" ;;
    https://* | http://127.0.0.1[:/]* | http://localhost[:/]* | "http://[::1]"*) ;;
    *) die "expected an address that begins with https://, found $from" ;;
  esac
  from=${from%/}
  platform
  umask 022
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/thetaedge-install.XXXXXX")
  fetch SHA256SUMS "$scratch/SHA256SUMS" 65536
  check_signature "$scratch/SHA256SUMS"
  choose
  compare
  fetch "$archive" "$scratch/$archive" 536870912
  got=$(sum "$scratch/$archive")
  [ "$got" = "$want" ] || die "expected the SHA-256 sum $want of $archive, found $got: it was changed or cut off on the way; nothing was installed"
  tar -xzf "$scratch/$archive" -C "$scratch" thetaedge || die "$archive contains no program; nothing was installed"
  { [ -f "$scratch/thetaedge" ] && [ ! -L "$scratch/thetaedge" ]; } || die "$archive contains a link in the place of the program; nothing was installed"
  chmod 0755 "$scratch/thetaedge"
  runs=$(version_of "$scratch/thetaedge")
  [ "$runs" = "$version" ] || die "expected a program of version $version that runs on this machine, found ${runs:-one that does not run}; nothing was installed"
  mkdir -p "$to" || die "cannot create $to; choose another folder with --to"
  if [ -f "$to/thetaedge" ] && [ "$(sum "$to/thetaedge")" = "$(sum "$scratch/thetaedge")" ]; then
    say "thetaedge $version is already installed at $to/thetaedge"
    return 0
  fi
  rm -f "$to"/.thetaedge.new.*
  fresh=$(mktemp "$to/.thetaedge.new.XXXXXX") || die "cannot write to $to; choose another folder with --to, or run this as root"
  cp "$scratch/thetaedge" "$fresh" || die "cannot write to $to; make room, or choose another folder with --to"
  chmod 0755 "$fresh"
  mv -f "$fresh" "$to/thetaedge" # one step: there is always a whole program
  fresh=''
  say "installed thetaedge $version at $to/thetaedge"
  next_steps
}

next_steps() {
  case ":$PATH:" in
    *":$to:"*) ;;
    *) say "$to is not in PATH; add it: export PATH=\"$to:\$PATH\"" ;;
  esac
  if [ -n "${found:-}" ]; then
    say "Next: restart the node, for instance with systemctl --user restart thetaedge"
    return 0
  fi
  say "Next: thetaedge keys add operator, thetaedge init, thetaedge doctor, thetaedge register --from KEY, thetaedge service install"
}

main() {
  from=${THETAEDGE_RELEASES:-} channel=stable key=$RELEASE_KEY keyed='' downgrade='' remove='' to='' scratch='' fresh='' found=''
  trap cleanup EXIT
  trap 'exit 130' HUP INT TERM
  while [ $# -gt 0 ]; do
    case "$1" in
      --from | --channel | --to | --key)
        [ $# -ge 2 ] || die "$1: expected a value, found none"
        case "$1" in
          --from) from=$2 ;;
          --channel) channel=$2 ;;
          --to) to=$2 ;;
          --key) key=$2 keyed=yes ;;
        esac
        shift
        ;;
      --allow-downgrade) downgrade=yes ;;
      --uninstall) remove=yes ;;
      -h | --help)
        usage
        exit 0
        ;;
      *)
        [ -n "$remove" ] || die "expected an option of install.sh, found $1; see --help"
        break
        ;;
    esac
    shift
  done
  case "$channel" in
    '' | *[!a-z0-9-]*) die "--channel: expected lower case letters, digits and dashes, found $channel" ;;
  esac
  if [ -z "$to" ]; then
    to=${HOME:-}/.local/bin
    if [ "$(id -u)" -eq 0 ]; then to=/usr/local/bin; fi
  fi
  if [ -z "$remove" ]; then
    install_program
    return 0
  fi
  [ -x "$to/thetaedge" ] || die "expected the program at $to/thetaedge, found none; --to names its folder"
  "$to/thetaedge" uninstall "$@"
}

main "$@"
