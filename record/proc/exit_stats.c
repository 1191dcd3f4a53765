/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "record/proc/exit_stats.h"

#include <errno.h>
#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/taskstats.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/mem.h"

#define RECEIVE_BYTES (1 << 20)
#define MESSAGE_BYTES 16384

struct request {
	struct nlmsghdr n;
	struct genlmsghdr g;
	char attributes[256];
};

/* Sends one command with one attribute, a text. */
static int ask(int fd, uint16_t type, uint8_t command, uint8_t version, uint16_t attribute,
	       uint16_t flags, const char *text)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct request r = { .n.nlmsg_type = type,
			     .n.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
			     .g.cmd = command,
			     .g.version = version };
	struct nlattr a = { .nla_type = attribute,
			    .nla_len = (uint16_t)(NLA_HDRLEN + strlen(text) + 1) };

	if (a.nla_len > sizeof(r.attributes))
		return -EMSGSIZE;
	memcpy(r.attributes, &a, sizeof(a));
	memcpy(r.attributes + NLA_HDRLEN, text, strlen(text) + 1);
	r.n.nlmsg_len = (uint32_t)(NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(a.nla_len));
	if (sendto(fd, &r, r.n.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

/* The first attribute of this type among @bytes, or NULL; *n: of its payload. */
static const char *find(const char *p, size_t bytes, uint16_t type, size_t *n)
{
	struct nlattr a;

	while (bytes >= sizeof(a)) {
		memcpy(&a, p, sizeof(a));
		if (a.nla_len < NLA_HDRLEN || a.nla_len > bytes)
			return NULL;
		if ((a.nla_type & NLA_TYPE_MASK) == type) {
			*n = a.nla_len - (size_t)NLA_HDRLEN;
			return p + NLA_HDRLEN;
		}
		if ((size_t)NLA_ALIGN(a.nla_len) >= bytes)
			return NULL;
		bytes -= (size_t)NLA_ALIGN(a.nla_len);
		p += NLA_ALIGN(a.nla_len);
	}
	return NULL;
}

/* The attributes of a message of the generic kind, or NULL; *n bytes. */
static const char *attributes(const struct nlmsghdr *h, size_t *n)
{
	if (h->nlmsg_type < NLMSG_MIN_TYPE || h->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN))
		return NULL;
	*n = h->nlmsg_len - (size_t)NLMSG_LENGTH(GENL_HDRLEN);
	return (const char *)NLMSG_DATA(h) + GENL_HDRLEN;
}

/* The number that this kernel gave taskstats, or -errno. */
static int find_family(int fd)
{
	char buffer[MESSAGE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *h = (const struct nlmsghdr *)buffer;
	const char *p, *id;
	size_t n, n_id = 0;
	uint16_t family;
	int r = ask(fd, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, CTRL_ATTR_FAMILY_NAME, 0,
		    TASKSTATS_GENL_NAME);
	ssize_t got;

	if (r < 0)
		return r;
	got = recv(fd, buffer, sizeof(buffer), 0);
	if (got < 0 || !NLMSG_OK(h, (uint32_t)got))
		return -EPROTO;
	p = attributes(h, &n);
	id = p ? find(p, n, CTRL_ATTR_FAMILY_ID, &n_id) : NULL;
	if (!id || n_id < sizeof(family))
		return -ENOENT; /* a kernel without taskstats */
	memcpy(&family, id, sizeof(family));
	return family;
}

/* Registers for the exits on all CPUs; the kernel acknowledges. */
static int listen_to_all(int fd, uint16_t family)
{
	char buffer[MESSAGE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *h = (const struct nlmsghdr *)buffer;
	const struct nlmsgerr *error = NLMSG_DATA(h);
	auto_fclose FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	char cpus[128];
	ssize_t got;
	int r;

	if (!f || !fgets(cpus, sizeof(cpus), f))
		return -ENOENT;
	cpus[strcspn(cpus, "\n")] = '\0';
	r = ask(fd, family, TASKSTATS_CMD_GET, TASKSTATS_GENL_VERSION,
		TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, NLM_F_ACK, cpus);
	if (r < 0)
		return r;
	got = recv(fd, buffer, sizeof(buffer), 0);
	if (got < 0 || !NLMSG_OK(h, (uint32_t)got))
		return -EPROTO;
	/* An exit may come before the acknowledgement, which then follows. */
	return h->nlmsg_type == NLMSG_ERROR ? error->error : 0;
}

int exit_stats_open(void)
{
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = 1 };
	int bytes = RECEIVE_BYTES, r;

	if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof(own)) != 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	r = find_family(fd);
	if (r >= 0)
		r = listen_to_all(fd, (uint16_t)r);
	return r < 0 ? r : steal_fd(&fd);
}

static void read_message(const struct nlmsghdr *h,
			 void (*exited)(void *self, const struct exit_stats *stats), void *self)
{
	size_t n = 0, n_pid = 0, n_stats = 0;
	const char *p = attributes(h, &n), *pid, *stats;
	struct exit_stats out = { 0 };
	struct taskstats t = { 0 };
	int32_t number;

	p = p ? find(p, n, TASKSTATS_TYPE_AGGR_PID, &n) : NULL;
	pid = p ? find(p, n, TASKSTATS_TYPE_PID, &n_pid) : NULL;
	stats = p ? find(p, n, TASKSTATS_TYPE_STATS, &n_stats) : NULL;
	if (!pid || !stats || n_pid < sizeof(number) ||
	    n_stats < offsetof(struct taskstats, ac_majflt) + sizeof(t.ac_majflt))
		return;
	memcpy(&number, pid, sizeof(number));
	memcpy(&t, stats, n_stats < sizeof(t) ? n_stats : sizeof(t));
	out.pid = out.tgid = number;
	out.last = true;
	out.grouped = n_stats >= offsetof(struct taskstats, ac_tgid) + sizeof(t.ac_tgid);
	if (out.grouped) {
		out.tgid = (pid_t)t.ac_tgid;
		out.last = t.ac_flag & AGROUP;
	}
	out.minor = (int64_t)t.ac_minflt;
	out.major = (int64_t)t.ac_majflt;
	out.user_ns = (int64_t)t.ac_utime * 1000;
	out.system_ns = (int64_t)t.ac_stime * 1000;
	out.cpu_ns = (int64_t)t.cpu_run_virtual_total;
	exited(self, &out);
}

void exit_stats_read(int fd, void (*exited)(void *self, const struct exit_stats *stats), void *self)
{
	char buffer[MESSAGE_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t got;

	/* What did not fit in the socket's buffer (ENOBUFS) is lost: those exits are not told. */
	while ((got = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0 || errno == ENOBUFS) {
		uint32_t left = got > 0 ? (uint32_t)got : 0;

		for (const struct nlmsghdr *h = (const struct nlmsghdr *)buffer; NLMSG_OK(h, left);
		     h = NLMSG_NEXT(h, left))
			read_message(h, exited, self);
	}
}
