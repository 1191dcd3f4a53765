#!/bin/bash
# rules hold, fail or cannot be decided, each with its figure, and the status is 5
schedreport assert examples/kernel.rules examples/traces/build.tar examples/traces/memory.tar
