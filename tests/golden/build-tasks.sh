#!/bin/bash
# the ten tasks of a parallel build that ran longest are listed with their times
schedreport tasks --top 10 examples/traces/build.tar
