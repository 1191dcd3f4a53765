#!/bin/bash
# each CPU's busy time and run queue are shown, and what is missing from the trace
schedreport cpus losses --width 0 examples/traces/pingpong.tar
