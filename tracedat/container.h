/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where things are in a trace.dat, version 6 or 7: texts, options, and which bytes hold the
 * ring-buffer pages of which CPU. Reads with pread, so a file that shrinks is an error, not a
 * signal. Nothing of the pages themselves is looked at.
 */
#ifndef TRACEDAT_CONTAINER_H
#define TRACEDAT_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#include "tracedat/page_layout.h"
#include "tracedat/tsc_scale.h"

enum codec {
	CODEC_NONE,
	CODEC_ZLIB,
	CODEC_ZSTD,
};

/* Bytes of the file with a NUL after them. */
struct text {
	char *bytes;
	size_t n;
};

struct format_text {
	char *system;
	struct text text;
};

struct cpu_data {
	int32_t cpu;
	uint64_t offset;
	uint64_t size; /* in the file, compressed or not */
};

/* A ring buffer of the machine: the top one, whose name is "", or a named instance. */
struct file_instance {
	char *name;
	char *clock; /* NULL unknown */
	uint32_t page_size;
	bool compressed;
	uint64_t begin, end; /* of the bytes that hold its CPUs' data, 0 unknown */
	struct cpu_data *cpus;
	size_t n_cpus;
	size_t n_own; /* the cpus from here on are of another buffer, which is read with this one */
	char **cpustat; /* one for each of the cpus, entries may be NULL */
};

/*
 * A ring-buffer page: a time stamp of 8 bytes, the commit word, and data right behind it. Where
 * data begins follows from the word's size, so that no damaged text can say otherwise.
 */
struct container {
	int fd;
	uint64_t size;
	unsigned int version;
	uint32_t page_size;
	uint32_t header_page_size; /* what header_page says, 0 nothing */
	struct page_layout layout; /* page_size is the instance's after container_choose() */
	enum codec codec;
	struct text header_page, cmdlines, kallsyms;
	char *uname;
	char *writer; /* option VERSION: the program that wrote it, NULL unknown */
	bool has_tsc;
	struct tsc_scale tsc; /* of a file whose clock is the TSC */
	struct format_text *formats;
	size_t n_formats, cap_formats;
	struct file_instance *instances;
	size_t n_instances;
	/* salvage: what a cut or damaged file lacks is left out, and said here (NULL: nothing) */
	bool salvage;
	char *damage;
	char *remarks[2]; /* sentences about what is odd but can be read; NULL: none */
	/* owned by the parser while it runs */
	struct cpustat_option {
		char *buffer;
		int32_t cpu;
		char *text;
	} * stats;
	size_t n_stats;
	uint32_t sections_seen;
};

/* @c is zeroed by the caller but for .salvage; container_close() releases also after a failure. */
int container_open(struct container *c, const char *path, struct schedtrace_error *err);
void container_close(struct container *c);

/*
 * The second buffer of a recording that was limited to some tasks. Without a name asked for, it is
 * read together with the top one, as if both were one.
 */

/* The instance asked for, or the only one with data when @name is NULL. */
int container_choose(struct container *c, const char *name, const struct file_instance **out,
		     struct schedtrace_error *err);

/* Reads exactly @n bytes at @offset; a short read says that the file changed. */
int container_pread(const struct container *c, void *out, size_t n, uint64_t offset,
		    struct schedtrace_error *err);

/*
 * Decompresses all of @in into exactly @out_size bytes. *@context begins as NULL, saves time when
 * kept for the next call of the same thread, and is released by codec_free().
 */
int codec_decompress(enum codec codec, void **context, const uint8_t *in, size_t in_size,
		     uint8_t *out, size_t out_size, struct schedtrace_error *err);
void codec_free(void *context);
int codec_by_name(const char *name, enum codec *out, struct schedtrace_error *err);

/*
 * The rest is shared by the files of the container parser: a place in the file, or in the
 * decompressed bytes of a section.
 */
struct cursor {
	const struct container *c;
	const uint8_t *memory; /* NULL: the file */
	uint64_t base;	       /* of the section in the file, for messages when in memory */
	uint64_t at;
	uint64_t end;
};

int cursor_bytes(struct cursor *cur, void *out, size_t n, const char *what,
		 struct schedtrace_error *err);
int cursor_u16(struct cursor *cur, uint16_t *out, const char *what, struct schedtrace_error *err);
int cursor_u32(struct cursor *cur, uint32_t *out, const char *what, struct schedtrace_error *err);
int cursor_u64(struct cursor *cur, uint64_t *out, const char *what, struct schedtrace_error *err);
/* A NUL-terminated string of at most @max bytes, allocated. */
int cursor_string(struct cursor *cur, char **out, size_t max, const char *what,
		  struct schedtrace_error *err);
/* @n bytes, allocated, after checking that they exist and are at most @limit. */
int cursor_text(struct cursor *cur, struct text *out, uint64_t n, uint64_t limit, const char *what,
		struct schedtrace_error *err);

int container_parse_v6(struct container *c, struct cursor *cur, struct schedtrace_error *err);
int container_parse_v7(struct container *c, struct cursor *cur, struct schedtrace_error *err);
/* Finds buffers by walking the sections from @offset on. */
int container_recover_v7(struct container *c, uint64_t offset, struct schedtrace_error *err);

/* Parts that both versions have, each where it stands in both. */
int container_header_info(struct container *c, struct cursor *cur, struct schedtrace_error *err);
int container_ftrace_formats(struct container *c, struct cursor *cur, struct schedtrace_error *err);
int container_event_formats(struct container *c, struct cursor *cur, struct schedtrace_error *err);
int container_kallsyms(struct container *c, struct cursor *cur, struct schedtrace_error *err);
int container_printk(struct container *c, struct cursor *cur, struct schedtrace_error *err);
int container_cmdlines(struct container *c, struct cursor *cur, struct schedtrace_error *err);
/* One option that both versions have; buffers are each version's own. Takes nothing of @data. */
int container_option(struct container *c, uint16_t id, const struct text *data,
		     struct schedtrace_error *err);
/* NULL: no memory, or more than LIMIT_INSTANCES. */
struct file_instance *container_add_instance(struct container *c, const char *name, size_t n_cpus);
/* "[local] global" -> "local"; NULL when memory ran out or there is none. */
char *container_clock_name(const char *text);

enum {
	OPTION_DONE = 0,
	OPTION_CPUSTAT = 2,
	OPTION_BUFFER = 3,
	OPTION_TRACECLOCK = 4,
	OPTION_UNAME = 5,
	OPTION_CPUCOUNT = 8,
	OPTION_VERSION = 9,
	OPTION_TSC2NSEC = 14,
	OPTION_HEADER_INFO = 16,
	OPTION_FTRACE_EVENTS = 17,
	OPTION_EVENT_FORMATS = 18,
	OPTION_KALLSYMS = 19,
	OPTION_PRINTK = 20,
	OPTION_CMDLINES = 21,
};

#define LIMIT_OPTION	(16u << 20)
#define LIMIT_FORMAT	(4u << 20)
#define LIMIT_TEXT	(1u << 30)
#define LIMIT_CPUS	8192u /* the most that a kernel can be built for */
#define LIMIT_INSTANCES 1024u

#endif
