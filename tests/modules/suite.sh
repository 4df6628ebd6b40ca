# SPDX-License-Identifier: Apache-2.0
# Script functions and variables of modules; expected.tsv is what the reference server did.
PATH="$1:$PATH" exec python3 tests/lang/run.py --early --dir tests/modules
