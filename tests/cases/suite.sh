# SPDX-License-Identifier: Apache-2.0
# Has every function of the core modules a case beside the reference server?
exec python3 tests/cases/check.py
