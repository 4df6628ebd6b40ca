# SPDX-License-Identifier: Apache-2.0
exec python3 tests/front/run.py "$2"
