/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events as columns, and the ids and meaning of every event. */
#ifndef SCHEDTRACE_EVENTS_H
#define SCHEDTRACE_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * SCHEDTRACE_EVENTS() - every event: X(NAME, id, pid, arg0, arg1, when)
 *
 * Ids 0 to 17 and their rows are SchedLog's; 18 and above are schedtrace's own. Ids never change
 * and additions go at the end. The row's cpu is the CPU whose buffer held the record, unless
 * "when" says otherwise. docs/events.md is made from this table.
 */
#define SCHEDTRACE_EVENTS(X)                                                                       \
	X(EXEC, 0, "the caller", "bytes 4..7 of the new name, signed little endian",               \
	  "bytes 0..3 likewise", "exec succeeded")                                                 \
	X(EXIT, 1, "exiting task", "0", "0", "the task exits")                                     \
	X(WAKEUP, 2, "woken task", "0", "0",                                                       \
	  "the task is put on a run queue; cpu is the task's target CPU")                          \
	X(WAKEUP_NEW, 3, "new task", "0", "0",                                                     \
	  "a new task is put on a run queue; cpu is its target CPU")                               \
	X(BLOCK, 4, "prev", "0", "0", "the task is switched out and is not runnable")              \
	X(BLOCK_IO, 5, "prev", "0", "0", "beside BLOCK when the sleep is uninterruptible (D)")     \
	X(WAIT_FUTEX, 6, "waiter", "futex address", "0", "futex wait begins")                      \
	X(WAKE_FUTEX, 7, "woken task", "futex address", "0", "a futex wake wakes this task")       \
	X(WAKER_FUTEX, 8, "waker", "futex address", "0", "futex wake is called")                   \
	X(FORK, 9, "child", "parent", "0", "the child is created; cpu is the parent's")            \
	X(TICK, 10, "current task", "need_resched, 0 when unknown", "frequency in kHz",            \
	  "the CPU's frequency is known anew")                                                     \
	X(CTX_SWITCH, 11, "prev", "next", "0", "the CPU switches from prev to next")               \
	X(MIGRATE, 12, "migrating task", "old CPU", "new CPU", "the task is moved")                \
	X(RQ_SIZE, 13, "task current there", "runnable tasks, the running one included", "change", \
	  "a run queue's length changes; cpu is the run queue's")                                  \
	X(IDL_BLN_FAIR_BEG, 14, "", "", "", "never written: no mainline tracepoint")               \
	X(IDL_BLN_FAIR_END, 15, "", "", "", "never written: no mainline tracepoint")               \
	X(PER_BLN_FAIR_BEG, 16, "", "", "", "never written: no mainline tracepoint")               \
	X(PER_BLN_FAIR_END, 17, "", "", "", "never written: no mainline tracepoint")               \
	X(WAKING, 18, "woken task", "waker", "target CPU",                                         \
	  "a wakeup begins, in the waker's context")                                               \
	X(RUNS, 19, "task found running", "task believed running, -1 if unknown", "0",             \
	  "evidence that the task runs here, before the first row of the record that shows it")    \
	X(STATE, 20, "prev", "character code: I T t X Z P, or + for preempted in the kernel", "0", \
	  "the task is switched out in a state that is not plain R, S or D")                       \
	X(PRIO, 21, "the task", "priority as the kernel prints it", "0",                           \
	  "the priority is known anew")                                                            \
	X(STAT_RUNTIME, 22, "the task", "ns charged", "0", "the kernel charges CPU time")          \
	X(NEWTASK, 23, "new task", "clone flags", "tgid", "the task is made")                      \
	X(RENAME, 24, "the task", "bytes 0..7 of the new name, little endian", "bytes 8..15",      \
	  "the task's name changes")                                                               \
	X(CPU_IDLE, 25, "0", "idle state entered, -1 on leaving", "0", "cpu is the idle CPU")      \
	X(PAGE_FAULT_USER, 26, "faulting task", "address", "instruction pointer",                  \
	  "a page fault in user mode")                                                             \
	X(PAGE_FAULT_KERNEL, 27, "faulting task", "address", "instruction pointer",                \
	  "a page fault in kernel mode")                                                           \
	X(MAJOR_FAULT, 28, "faulting task", "address", "file's inode, 0 unknown",                  \
	  "the fault had to read the page")                                                        \
	X(MMAP, 29, "the caller", "address returned", "length asked, bytes", "mmap succeeded")     \
	X(MUNMAP, 30, "the caller", "address", "length asked, bytes", "munmap succeeded")          \
	X(MREMAP_FROM, 31, "the caller", "old address",                                            \
	  "old length, bytes; 0 where the old addresses stay mapped", "mremap succeeded")          \
	X(MREMAP_TO, 32, "the caller", "new address", "new length, bytes", "after MREMAP_FROM")    \
	X(BRK, 33, "the caller", "new break", "old break, 0 unknown", "the break changed")         \
	X(CALL_FAILED, 34, "the caller", "event id of the call", "-errno",                         \
	  "mmap, munmap, mremap or brk failed")                                                    \
	X(EXIT_MM, 35, "tgid", "0", "0", "exec or group exit: all mappings are gone")              \
	X(RSS_FILE, 36, "tgid that owns the memory, -1 unknown", "bytes", "id of the memory map",  \
	  "resident file pages change")                                                            \
	X(RSS_ANON, 37, "tgid that owns the memory, -1 unknown", "bytes", "id of the memory map",  \
	  "resident anonymous pages change")                                                       \
	X(RSS_SWAP, 38, "tgid that owns the memory, -1 unknown", "bytes", "id of the memory map",  \
	  "swapped pages change")                                                                  \
	X(RSS_SHMEM, 39, "tgid that owns the memory, -1 unknown", "bytes", "id of the memory map", \
	  "resident shared-memory pages change")                                                   \
	X(PAGE_ALLOC, 40, "current task", "page frame number", "order", "pages are allocated")     \
	X(PAGE_FREE, 41, "current task", "page frame number", "order", "pages are freed")          \
	X(SAMPLE_FAULTS, 42, "sampled task", "minor faults so far", "major faults so far",         \
	  "the sampler read the task's figures")                                                   \
	X(SAMPLE_CPU, 43, "sampled task", "user ns so far", "system ns so far",                    \
	  "the sampler read the task's figures")                                                   \
	X(SAMPLE_MEM, 44, "sampled task", "RSS bytes", "state's character code",                   \
	  "the sampler read the task's figures")                                                   \
	X(IRQ_ENTRY, 45, "current task", "irq number, or 65536 + softirq vector", "0",             \
	  "an interrupt handler begins")                                                           \
	X(IRQ_EXIT, 46, "current task", "irq number, or 65536 + softirq vector", "0",              \
	  "an interrupt handler ends")                                                             \
	X(LOST, 47, "0", "records lost, -1 unknown", "ns when the gap began",                      \
	  "records resume after a gap in this CPU's buffer")                                       \
	X(SAMPLE_CHILDREN_FAULTS, 48, "sampled task", "minor faults of its children so far",       \
	  "major ones", "with the sample, of children that ended and were waited for")             \
	X(SAMPLE_CHILDREN_CPU, 49, "sampled task", "user ns of its children so far", "system ns",  \
	  "with the sample, of children that ended and were waited for")                           \
	X(CPU_OFFLINE, 50, "0", "0", "0",                                                          \
	  "the recorder noticed that the CPU is offline, or that it is so at the begin")           \
	X(CPU_ONLINE, 51, "0", "0", "0", "the recorder noticed that the CPU is online again")      \
	X(AREA, 52, "the caller", "address", "length, bytes",                                      \
	  "the kernel found addresses for a 32-bit call, which is not traced itself")              \
	X(GAP, 53, "0", "0", "0",                                                                  \
	  "records are missing in this CPU's buffer from here to its LOST row")                    \
	X(RENUMBER, 54, "the task, by its new number", "its old number", "0",                      \
	  "a thread that execs takes the number of its process; cpu is where it runs")

#define SCHEDTRACE_EVENT_ENUM_(name, id, pid, arg0, arg1, when) SCHEDTRACE_##name = id,
/** enum schedtrace_event_id - SCHEDTRACE_EXEC, SCHEDTRACE_WAKEUP and so on: see
 * SCHEDTRACE_EVENTS() */
enum schedtrace_event_id {
	SCHEDTRACE_EVENTS(SCHEDTRACE_EVENT_ENUM_) SCHEDTRACE_EVENT_COUNT,
};
#undef SCHEDTRACE_EVENT_ENUM_

/** struct schedtrace_event_info - one row of SCHEDTRACE_EVENTS(), for programs that explain it */
struct schedtrace_event_info {
	const char *name;
	int id;
	const char *pid, *arg0, *arg1,
		*when; /* what each column means, and when a row is written */
};

/**
 * schedtrace_event_info() - name and meaning of one of schedtrace's own event ids
 * @id: 0 to SCHEDTRACE_EVENT_COUNT - 1
 *
 * Return: a static description, or NULL for another id. Since: 0.1
 */
SCHEDTRACE_EXPORT const struct schedtrace_event_info *schedtrace_event_info(int id);

/**
 * struct schedtrace_events - rows of a trace, column by column
 * @n:         rows; every column has @n elements
 * @timestamp: ns on the trace clock, non-decreasing
 * @pid:       thread that the row is about, by SCHEDTRACE_EVENTS(); 0 is idle, -1 unknown
 * @event:     enum schedtrace_event_id; ids of a file that numbers its events otherwise are
 *             translated when read, and events that this library does not know get ids from
 *             SCHEDTRACE_EVENT_COUNT on, named by schedtrace_context_event_name()
 * @cpu:       CPU that the row is about, 0 to 65,534
 * @arg0:      meaning depends on the event
 * @arg1:      meaning depends on the event
 * @comm:      id of the task's name at that row (schedtrace_context_comm()), 0 unknown;
 *             NULL where the trace has no such column
 * @stack:     index of the row's call stack, -1 none; NULL where the trace has no such column
 *
 * Columns are constant once lent. Rows with equal stamps are in the order of the CPU whose buffer
 * held the record, then in that buffer's order.
 */
struct schedtrace_events {
	size_t n;
	const int64_t *timestamp;
	const int32_t *pid;
	const int32_t *event;
	const int32_t *cpu;
	const int64_t *arg0;
	const int64_t *arg1;
	const int32_t *comm;
	const int32_t *stack;
};

#ifdef __cplusplus
}
#endif
#endif
