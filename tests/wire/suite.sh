# SPDX-License-Identifier: Apache-2.0
# Scripts that exercise one module each, beside the reference server.
exec python3 tests/wire/run.py --kiln "$1/kamailio"
