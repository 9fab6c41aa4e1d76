"""``python -m neuplug`` is ``neuplug``."""

import sys

from neuplug.cli import main

sys.exit(main())
