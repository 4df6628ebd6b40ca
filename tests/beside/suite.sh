# SPDX-License-Identifier: Apache-2.0
# Registrar, RPC, HTTP, accounting ... on the reference server and on Kiln.
exec python3 tests/beside/run.py --kiln "$1/kamailio"
