"""Runs the test of the C interface, whose name is the argument, once the image is there."""
import os
import sys

import labs

labs.require_image()
os.execv(sys.argv[1], sys.argv[1:])
