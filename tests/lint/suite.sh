# SPDX-License-Identifier: Apache-2.0
exec python3 tests/lint/run.py "$2"
