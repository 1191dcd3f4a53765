/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A peer for bench/run: libkshark loads every entry of a trace.dat, as KernelShark does. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <libkshark.h>

int main(int argc, char **argv)
{
	struct kshark_context *kshark = NULL;
	struct kshark_entry **rows = NULL;
	ssize_t n;
	int stream;

	if (argc != 2) {
		fprintf(stderr, "usage: libkshark-load FILE\n");
		return 2;
	}
	if (!kshark_instance(&kshark))
		return 1;
	stream = kshark_open(kshark, argv[1]);
	if (stream < 0) {
		fprintf(stderr, "%s: libkshark cannot open it\n", argv[1]);
		return 1;
	}
	n = kshark_load_entries(kshark, stream, &rows);
	if (n < 0) {
		fprintf(stderr, "%s: libkshark cannot load it\n", argv[1]);
		return 1;
	}
	printf("%zd\n", n);
	return 0;
}
