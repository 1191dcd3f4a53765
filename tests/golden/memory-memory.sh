#!/bin/bash
# the memory of the process that ran and of its child is shown
schedreport memory --comm memory examples/traces/memory.tar
schedreport memory --table memory_biggest,memory_system examples/traces/memory.tar
