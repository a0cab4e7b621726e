"""`python -m heteroscale`, where the console script is not on the path."""

from __future__ import annotations

import sys

from heteroscale.command.main import main

sys.exit(main())
