/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of futex calls, interrupts, idle states and frequencies. */
#include "convert/row_maker_state.h"

#define FUTEX_COMMAND	      0x7f
#define FUTEX_WAIT	      0
#define FUTEX_WAKE	      1
#define FUTEX_WAKE_OP	      5
#define FUTEX_WAIT_BITSET     9
#define FUTEX_WAKE_BITSET     10
#define FUTEX_WAIT_REQUEUE_PI 11
#define SOFTIRQ		      65536

/* WAKE_FUTEX rows follow from the wakeups inside the call. */
static void futex_call(struct row_maker *m, const struct record *r, struct traced_cpu *cpu,
		       int call, int64_t address)
{
	struct task *task = cpu->task;

	if (!task)
		return;
	task->call = call;
	task->call_epoch = m->loss_epoch;
	task->call_args[0] = address;
	row(m, r, cpu->id, task, call, address, 0);
}

enum { FUTEX_ADDRESS, FUTEX_OP };

static void futex_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		       struct traced_cpu *cpu)
{
	int64_t address = field_int(&e->f[FUTEX_ADDRESS], r);

	switch (field_int(&e->f[FUTEX_OP], r) & FUTEX_COMMAND) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
	case FUTEX_WAIT_REQUEUE_PI:
		futex_call(m, r, cpu, SCHEDTRACE_WAIT_FUTEX, address);
		break;
	case FUTEX_WAKE:
	case FUTEX_WAKE_OP:
	case FUTEX_WAKE_BITSET:
		futex_call(m, r, cpu, SCHEDTRACE_WAKER_FUTEX, address);
		break;
	}
}

/* The calls of kernels that have one each for waiting and waking. */
static void futex_one_rows(struct row_maker *m, const struct compiled_event *e,
			   const struct record *r, struct traced_cpu *cpu)
{
	futex_call(m, r, cpu, e->kind->arg, field_int(&e->f[FUTEX_ADDRESS], r));
}

static void futex_exit_rows(struct row_maker *m, const struct compiled_event *e,
			    const struct record *r, struct traced_cpu *cpu)
{
	if (cpu->task)
		cpu->task->call = NO_CALL;
}

static void irq_rows(struct row_maker *m, const struct compiled_event *e, const struct record *r,
		     struct traced_cpu *cpu)
{
	bool soft = strncmp(e->kind->name, "softirq", 7) == 0;
	int32_t comm = cpu->task ? cpu->task->comm : 0;

	rows_add(m->rows, r->timestamp, cpu->id, r->pid, comm, e->kind->arg,
		 field_int(&e->f[0], r) + (soft ? SOFTIRQ : 0), 0);
}

enum { POWER_STATE, POWER_CPU };

static void cpu_idle_rows(struct row_maker *m, const struct compiled_event *e,
			  const struct record *r, struct traced_cpu *cpu)
{
	struct traced_cpu *target = row_maker_target(m, cpu, field_i32(&e->f[POWER_CPU], r));

	/* Unsigned in the record, where leaving is all ones. */
	row(m, r, target->id, &target->idle, SCHEDTRACE_CPU_IDLE, field_i32(&e->f[POWER_STATE], r),
	    0);
}

static void cpu_frequency_rows(struct row_maker *m, const struct compiled_event *e,
			       const struct record *r, struct traced_cpu *cpu)
{
	struct traced_cpu *target = row_maker_target(m, cpu, field_i32(&e->f[POWER_CPU], r));

	rows_add(m->rows, r->timestamp, target->id, target->current,
		 target->task ? target->task->comm : 0, SCHEDTRACE_TICK, 0,
		 field_int(&e->f[POWER_STATE], r));
}

const struct event_kind system_events[] = {
	{ "syscalls", "sys_enter_futex", futex_rows, 0, { "uaddr", "op" } },
	{ "syscalls", "sys_exit_futex", futex_exit_rows, 0, { 0 } },
	{ "syscalls", "sys_enter_futex_wait", futex_one_rows, SCHEDTRACE_WAIT_FUTEX, { "uaddr" } },
	{ "syscalls", "sys_exit_futex_wait", futex_exit_rows, 0, { 0 } },
	{ "syscalls", "sys_enter_futex_wake", futex_one_rows, SCHEDTRACE_WAKER_FUTEX, { "uaddr" } },
	{ "syscalls", "sys_exit_futex_wake", futex_exit_rows, 0, { 0 } },
	{ "irq", "irq_handler_entry", irq_rows, SCHEDTRACE_IRQ_ENTRY, { "irq" } },
	{ "irq", "irq_handler_exit", irq_rows, SCHEDTRACE_IRQ_EXIT, { "irq" } },
	{ "irq", "softirq_entry", irq_rows, SCHEDTRACE_IRQ_ENTRY, { "vec" } },
	{ "irq", "softirq_exit", irq_rows, SCHEDTRACE_IRQ_EXIT, { "vec" } },
	{ "power", "cpu_idle", cpu_idle_rows, 0, { "state", "cpu_id" } },
	{ "power", "cpu_frequency", cpu_frequency_rows, 0, { "state", "cpu_id" } },
	{ 0 },
};
