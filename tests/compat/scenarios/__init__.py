# SPDX-License-Identifier: Apache-2.0
"""Every file here adds its scenarios to common.LIST when it is imported."""
import importlib
import os

from scenarios.common import LIST  # noqa: F401

for f in sorted(os.listdir(os.path.dirname(__file__))):
    if f.endswith(".py") and f not in ("__init__.py", "common.py"):
        importlib.import_module("scenarios." + f[:-3])
