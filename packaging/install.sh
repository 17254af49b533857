#!/bin/sh
# Installs cc-cli, cc-hooks and cc-installer from a release, compared with its checksums.
#
#   sh install.sh [--version VERSION] [--to DIR] [--keep-archive DIR]
#
# CC_RELEASES names another place than the project's releases, such as a mirror or `file:///…`.
set -eu

version=0.1.0
to=${HOME-}/.local/bin
keep=
while [ $# -gt 0 ]; do
  case $1 in
    --version) version=${2?"--version needs a version"}; shift ;;
    --to) to=${2?"--to needs a directory"}; shift ;;
    --keep-archive) keep=${2?"--keep-archive needs a directory"}; shift ;;
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "error: unknown argument: $1" >&2; exit 2 ;;
  esac
  shift
done
releases=${CC_RELEASES:-https://github.com/cc-plugin/cc/releases/download}

fail() {
  echo "error: $1" >&2
  exit 1
}

case $(uname -s) in
  Linux) system=unknown-linux-musl ;;
  Darwin) system=apple-darwin ;;
  MINGW* | MSYS* | CYGWIN*) system=pc-windows-gnu ;;
  *) fail "there are no binaries for $(uname -s): cargo install cc-installer" ;;
esac
case $(uname -m) in
  x86_64 | amd64) machine=x86_64 ;;
  aarch64 | arm64) machine=aarch64 ;;
  *) fail "there are no binaries for $(uname -m): cargo install cc-installer" ;;
esac
name=cc-$version-$machine-$system
case $system in
  pc-windows-gnu) archive=$name.zip suffix=.exe ;;
  *) archive=$name.tar.gz suffix= ;;
esac

fetch() { # fetch FILE
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --retry 3 --output "$work/$1" "$releases/v$version/$1"
  elif command -v wget >/dev/null; then
    wget -q -O "$work/$1" "$releases/v$version/$1"
  else
    fail "neither curl nor wget is installed"
  fi || fail "cannot download $releases/v$version/$1"
}

digest() { # digest FILE
  if command -v sha256sum >/dev/null; then
    sha256sum "$1"
  else
    shasum -a 256 "$1"
  fi | cut -d' ' -f1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch SHA256SUMS
fetch "$archive"
expected=$(sed -n "s/^\([0-9a-f]\{64\}\)  $archive\$/\1/p" "$work/SHA256SUMS")
[ -n "$expected" ] || fail "SHA256SUMS does not name $archive"
[ "$(digest "$work/$archive")" = "$expected" ] || fail "$archive is not what SHA256SUMS says"

case $archive in
  *.zip) unzip -q "$work/$archive" -d "$work" ;;
  *) tar -xzf "$work/$archive" -C "$work" ;;
esac
mkdir -p "$to"
for program in cc-cli cc-hooks cc-installer; do
  # A program that runs cannot be written, but replaced.
  cp "$work/$name/$program$suffix" "$to/.$program.new"
  mv -f "$to/.$program.new" "$to/$program$suffix"
done
if [ -n "$keep" ]; then
  mkdir -p "$keep"
  cp "$work/$archive" "$keep/$archive"
fi
echo "cc $version is in $to"
case :${PATH-}: in
  *:"$to":*) echo "Next: cc-installer install" ;;
  *) echo "Next: $to/cc-installer install" ;;
esac
