#!/bin/bash
# three recordings stand side by side, task by task and as a whole
cd examples/traces && schedreport compare tasks --command --columns on_cpu,migrations build.tar memory.tar pingpong.tar
