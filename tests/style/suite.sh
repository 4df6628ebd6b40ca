# SPDX-License-Identifier: Apache-2.0
exec python3 tests/style/layers.py
