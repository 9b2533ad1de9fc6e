"""`python -m server` is the `frontdesk` command."""

import sys

from server.cli import main

sys.exit(main())
