"""`python -m desktop` starts the console; everything else is in `desktop.app`."""

import sys

from desktop.app import main

sys.exit(main(sys.argv[1:]))
