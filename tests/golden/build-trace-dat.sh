#!/bin/bash
# a trace.dat gives the same report as its tarball
for file in build pingpong memory; do
	for suffix in dat tar; do
		schedreport --format json --top 0 "examples/traces/$file.$suffix" \
			>"$scratch/$suffix.json" 2>"$scratch/$suffix.err" || exit
	done
	cmp "$scratch/dat.json" "$scratch/tar.json" && echo "$file: the same"
done
