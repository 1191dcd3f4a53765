/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/tarball/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct schedtrace_error err;
	struct npy_header npy;

	if (npy_parse(&npy, data, size, &err) == 0 && npy.data > size)
		__builtin_trap();
	return 0;
}
