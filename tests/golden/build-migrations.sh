#!/bin/bash
# moves of a parallel build are listed as CSV with cause and distance
schedreport migrations --format csv --top 0 examples/traces/build.tar
