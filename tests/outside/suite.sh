# SPDX-License-Identifier: Apache-2.0
# Called by tests/run.py with the build folder.
exec python3 tests/outside/run.py "$1"
