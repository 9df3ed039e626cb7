#!/usr/bin/env bash
# Runs a program of Windows under Wine:
#
#   scripts/wine.sh PROGRAM.exe ARGUMENT...
#   scripts/wine.sh --ready          prepares Wine and prints its version
#   scripts/wine.sh --stop           ends what runs in Wine
#
# Programs of Go need Wine 9 or newer: older ones do not have bcryptprimitives.dll, and cannot delete files
# in the way in which Go does. If this machine has an older one or none, and this user may become root, the
# script puts that of Debian 13 into a system of its own, build/wine/debian (1.3 GB, some minutes). WINE
# names another wine.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
home=$repository/build/wine
debian=$home/debian
export WINEPREFIX=${WINEPREFIX:-$home/prefix} WINEARCH=win64 WINEDEBUG=${WINEDEBUG:--all} WINEDLLOVERRIDES='mscoree=;mshtml='
export LC_ALL=C.UTF-8 # names of files may have umlauts
unset DISPLAY WAYLAND_DISPLAY
export XDG_RUNTIME_DIR=$WINEPREFIX # its display drivers ask for one

root() { if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo -n "$@"; fi; }

# suffices WINE: whether a wine can run programs of Go.
suffices() {
  local version
  version=$("$1" --version 2>/dev/null | grep -o '[0-9]*' | head -1) && [[ ${version:-0} -ge 9 ]]
}

# install: puts Wine into a system of its own.
install() {
  [[ -e $debian/.complete ]] && return
  if ! root true 2>/dev/null; then
    echo "expected Wine 9 or newer, or root to install it under $debian, found neither" >&2
    return 1
  fi
  command -v debootstrap >/dev/null || { root apt-get update -qq && root apt-get install -y -qq --no-install-recommends debootstrap; }
  echo "installing Wine of Debian 13 into $debian" >&2
  root rm -rf "$debian"
  root debootstrap --variant=minbase trixie "$debian" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$home/debootstrap.log" 2>&1 &&
    root chroot "$debian" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wine wine64 >>"$home/debootstrap.log" 2>&1 || {
    echo "cannot install Wine; see $home/debootstrap.log" >&2
    return 1
  }
  root touch "$debian/.complete"
}

# inside PROGRAM ARGUMENT...: executes a program in that system, with the files of this one that it needs. The
# process is the one of the program.
inside() {
  # shellcheck disable=SC2016 # the inner shell expands them
  local enter='
    debian=$1 folder=$2; shift 2
    mkdir -p "$debian$folder" && mount --rbind "$folder" "$debian$folder"
    for shared in /tmp /dev /proc /sys; do mount --rbind "$shared" "$debian$shared"; done
    exec chroot "$debian" env -C "$PWD" "$@"'
  if [[ $(id -u) -eq 0 ]]; then
    exec unshare --mount bash -euc "$enter" bash "$debian" "$repository" "$@"
  fi
  exec sudo -n --preserve-env=WINEPREFIX,WINEARCH,WINEDEBUG,WINEDLLOVERRIDES,XDG_RUNTIME_DIR,LC_ALL unshare --mount bash -euc "$enter" bash "$debian" "$repository" "$@"
}

mkdir -p "$home"
if [[ -n ${WINE:-} ]]; then
  run=("$WINE") server=("${WINE/%wine/wineserver}")
elif suffices wine; then
  run=(wine) server=(wineserver)
else
  install
  run=(inside wine) server=(inside wineserver)
fi

umask 077 # Wine shows the mode of files as rights of Windows
case "${1:-}" in
  "")
    echo "expected a program of Windows, found none; usage: scripts/wine.sh PROGRAM.exe ARGUMENT..." >&2
    exit 2
    ;;
  --ready)
    if [[ ! -e $WINEPREFIX/.ready ]]; then
      mkdir -p "$WINEPREFIX"
      ("${run[@]}" wineboot --init) >"$home/wineboot.log" 2>&1 || {
        echo "Wine does not start; see $home/wineboot.log" >&2
        exit 1
      }
      touch "$WINEPREFIX/.ready"
    fi
    "${run[@]}" --version
    ;;
  --stop) "${server[@]}" --kill ;;
  *) "${run[@]}" "$@" ;;
esac
