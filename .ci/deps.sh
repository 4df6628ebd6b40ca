#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install the Debian packages that are missing: deps.sh [build|test]
set -eu
build="gcc clang-19 make flex bison pkg-config llvm-19-dev libboost-context-dev libc-ares-dev libpcre2-dev libssl-dev
	libxml2-dev libsqlite3-dev libpq-dev libcurl4-openssl-dev libjansson-dev libgraphviz-dev libpcap-dev libedit-dev"
test="$build clang-19 libclang-rt-19-dev libcmocka-dev kamailio kamailio-sqlite-modules kamailio-postgres-modules postgresql kamailio-utils-modules kamcli sip-tester python3 gdb groff-base"
want=$build
[ "${1:-build}" = build ] || want=$test
missing=
for p in $want; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# a package's own service must not start, and a refusal of the service manager is no failure
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
