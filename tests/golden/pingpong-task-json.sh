#!/bin/bash
# tasks are given as JSON with exact integers, and null where unknown
schedreport tasks --format json --columns pid,ppid,comm,start_ns,charged_ns,on_cpu_ns,switches_voluntary \
	--top 4 examples/traces/pingpong.tar
