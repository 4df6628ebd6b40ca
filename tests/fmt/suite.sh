# SPDX-License-Identifier: Apache-2.0
exec python3 tests/fmt/run.py "$2"
