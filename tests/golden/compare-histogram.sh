#!/bin/bash
# the latency histograms of a group and of a recording are aligned, as CSV
cd examples/traces && schedreport compare latency -q --table latency_histogram --columns wakeup --format csv --group small=memory.tar,pingpong.tar build.tar
