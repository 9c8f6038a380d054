/* SPDX-License-Identifier: Apache-2.0 */
/* Where messages come from: one table of kinds, and one poll over all of them. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "base/clock.h"
#include "connection.h"
#include "decoder.h"
#include "dtls.h"

enum {
	LISTEN_BATCH = 32,
	LISTEN_DRAIN_TURNS_MAX = 1000, /* at the end, of exporters that go on sending */
	LISTEN_BATCHES_PER_TURN = 16,
	LISTEN_DATAGRAM_BYTES = 65536,
	LISTEN_CONNECTIONS_MAX = 256,
	LISTEN_ALIVE_IDLE_S =
		60, /* a silent peer is asked so late, so often, if it is still there */
	LISTEN_ALIVE_INTERVAL_S = 15,
	LISTEN_ALIVE_TRIES = 4,
	LISTEN_NOTICES_PER_S = 32, /* anyone may try to be let in */
};

/* What of a kind of listener differs. */
struct listener_kind {
	const char *scheme;
	int type, protocol;
	bool tls;
};

static const struct listener_kind listener_kinds[] = {
	{"udp://", SOCK_DGRAM, IPPROTO_UDP, false},    {"tcp://", SOCK_STREAM, IPPROTO_TCP, false},
	{"tls://", SOCK_STREAM, IPPROTO_TCP, true},    {"dtls://", SOCK_DGRAM, IPPROTO_UDP, true},
	{"sctp://", SOCK_STREAM, IPPROTO_SCTP, false}, {NULL, 0, 0, false},
};

struct listener {
	const struct listener_kind *kind;
	int fd;
	SSL_CTX *context;  /* with TLS */
	struct dtls *dtls; /* with DTLS */
};

struct listeners {
	struct listener listener[WEIR_COLLECT_LISTENERS_MAX];
	uint32_t count;
	struct connection connections[LISTEN_CONNECTIONS_MAX];
	uint32_t connection_count;
	uint64_t notice_s; /* monotonic: the second that this counts in: */
	uint32_t notices;
	struct mmsghdr messages[LISTEN_BATCH];
	struct iovec vectors[LISTEN_BATCH];
	struct sockaddr_storage peers[LISTEN_BATCH];
	uint8_t datagrams[LISTEN_BATCH][LISTEN_DATAGRAM_BYTES];
};

/* ---- open and close ---- */

static struct listeners *listen_get(struct weir_collect *collect)
{
	struct listeners *l = collect->listeners;

	if (l)
		return l;
	l = collect->listeners = calloc(1, sizeof(*l));
	for (int i = 0; l && i < LISTEN_BATCH; i++) {
		l->vectors[i] = (struct iovec){l->datagrams[i], LISTEN_DATAGRAM_BYTES};
		l->messages[i].msg_hdr.msg_iov = &l->vectors[i];
		l->messages[i].msg_hdr.msg_iovlen = 1;
		l->messages[i].msg_hdr.msg_name = &l->peers[i];
	}
	return l;
}

static const struct listener_kind *listen_kind(const char *url)
{
	const struct listener_kind *kind = listener_kinds;

	while (kind->scheme && strncmp(url, kind->scheme, strlen(kind->scheme)) != 0)
		kind++;
	return kind->scheme ? kind : NULL;
}

static void listener_close(struct listener *listener)
{
	dtls_close(listener->dtls);
	SSL_CTX_free(listener->context);
	if (listener->fd >= 0)
		close(listener->fd);
}

static int listener_open_tls(struct listener *listener, struct weir_collect *collect,
			     struct weir_error *error)
{
	const struct weir_collect_settings *s = &collect->settings;
	const struct tls_files files = {s->tls_ca, s->tls_certificate, s->tls_key};
	bool datagrams = listener->kind->type == SOCK_DGRAM;
	int rc = tls_context_open(TLS_LISTENS, datagrams, &files, &listener->context, error);

	if (rc < 0 || !datagrams)
		return rc;
	listener->dtls = dtls_open(listener->fd, listener->context, collect);
	return listener->dtls ? 0 : weir_error_set(error, -ENOMEM, "out of memory");
}

int weir_collect_listen(struct weir_collect *collect, const char *url, struct weir_error *error)
{
	struct listener listener = {.kind = listen_kind(url), .fd = -1};
	struct listeners *l = listen_get(collect);
	int rc = 0;

	if (!l)
		return weir_error_set(error, -ENOMEM, "cannot listen: out of memory");
	if (!listener.kind)
		return weir_error_set(error, -EINVAL,
				      "cannot listen on '%s': use udp://, tcp://, tls://, dtls:// "
				      "or sctp://, and ADDRESS:PORT",
				      url);
	if (l->count == WEIR_COLLECT_LISTENERS_MAX)
		return weir_error_set(error, -ENOSPC, "more than %d places to listen on",
				      WEIR_COLLECT_LISTENERS_MAX);
	listener.fd = address_listen(url + strlen(listener.kind->scheme), listener.kind->type,
				     listener.kind->protocol, error);
	if (listener.fd < 0)
		return listener.fd;
	if (listener.kind->tls)
		rc = listener_open_tls(&listener, collect, error);
	if (rc < 0) {
		listener_close(&listener);
		return weir_error_wrap(error, "cannot listen on '%s'", url);
	}
	l->listener[l->count++] = listener;
	return 0;
}

void listeners_close(struct listeners *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->connection_count; i++)
		connection_close(&l->connections[i]);
	for (uint32_t i = 0; i < l->count; i++)
		listener_close(&l->listener[i]);
	free(l);
}

/* ---- exporters that are refused ---- */

/* May one more be told of in this second? */
static bool listen_may_tell(struct listeners *l)
{
	uint64_t now_s = clock_monotonic_ns() / CLOCK_NS_PER_S;

	if (now_s != l->notice_s)
		l->notices = 0;
	l->notice_s = now_s;
	return l->notices++ < LISTEN_NOTICES_PER_S;
}

static void listen_refuse(struct weir_collect *collect, const char *exporter, const char *reason)
{
	char text[WEIR_COLLECT_NAME_BYTES + TLS_REASON_BYTES + 32];

	collect->refused++;
	if (!collect->settings.notice || !listen_may_tell(collect->listeners))
		return;
	snprintf(text, sizeof(text), "exporter '%s' is refused: %s", exporter, reason);
	collect->settings.notice(collect->settings.user, text);
}

/* ---- datagrams ---- */

static void listen_take(struct weir_collect *collect, struct listener *listener, int index)
{
	struct listeners *l = collect->listeners;
	const struct sockaddr *peer = (struct sockaddr *)&l->peers[index];
	socklen_t length = l->messages[index].msg_hdr.msg_namelen;
	char name[WEIR_COLLECT_NAME_BYTES], reason[TLS_REASON_BYTES];

	if (!listener->dtls) {
		address_name(name, listener->kind->scheme, peer, length);
		weir_collect_message(collect, name, false, l->datagrams[index],
				     l->messages[index].msg_len);
	} else if (dtls_take(listener->dtls, peer, length, l->datagrams[index],
			     l->messages[index].msg_len, reason) == -EACCES) {
		address_name(name, listener->kind->scheme, peer, length);
		listen_refuse(collect, name, reason);
	}
}

/* Take some batches; true when there may be more. */
static bool listen_receive(struct weir_collect *collect, struct listener *listener)
{
	struct listeners *l = collect->listeners;

	for (int turn = 0; turn < LISTEN_BATCHES_PER_TURN; turn++) {
		int count;

		for (int i = 0; i < LISTEN_BATCH; i++)
			l->messages[i].msg_hdr.msg_namelen = sizeof(l->peers[i]);
		count = recvmmsg(listener->fd, l->messages, LISTEN_BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < count; i++)
			listen_take(collect, listener, i);
		if (count < LISTEN_BATCH)
			return false;
	}
	return true;
}

/* ---- connections ---- */

static void listen_hang_up(struct weir_collect *collect, uint32_t index)
{
	struct listeners *l = collect->listeners;

	weir_collect_forget(collect, l->connections[index].stream.exporter);
	connection_close(&l->connections[index]);
	l->connections[index] = l->connections[--l->connection_count];
}

/* A place for one more: of those that have not yet sent a message the oldest gives way. */
static bool listen_make_room(struct weir_collect *collect)
{
	struct listeners *l = collect->listeners;
	uint32_t oldest = LISTEN_CONNECTIONS_MAX;

	if (l->connection_count < LISTEN_CONNECTIONS_MAX)
		return true;
	for (uint32_t i = 0; i < l->connection_count; i++)
		if (!l->connections[i].spoke &&
		    (oldest == LISTEN_CONNECTIONS_MAX ||
		     l->connections[i].begun_ns < l->connections[oldest].begun_ns))
			oldest = i;
	if (oldest == LISTEN_CONNECTIONS_MAX)
		return false;
	listen_refuse(collect, l->connections[oldest].stream.exporter,
		      "it has sent nothing, and others wait");
	listen_hang_up(collect, oldest);
	return true;
}

/* Else a peer whose host is gone would keep its place for ever. */
static void listen_watch(int fd)
{
	const struct {
		int level, name, value;
	} options[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},
		       {IPPROTO_TCP, TCP_KEEPIDLE, LISTEN_ALIVE_IDLE_S},
		       {IPPROTO_TCP, TCP_KEEPINTVL, LISTEN_ALIVE_INTERVAL_S},
		       {IPPROTO_TCP, TCP_KEEPCNT, LISTEN_ALIVE_TRIES}};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			   sizeof(options[i].value));
}

static void listen_accept(struct weir_collect *collect, const struct listener *listener)
{
	struct listeners *l = collect->listeners;
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	char name[WEIR_COLLECT_NAME_BYTES];
	int fd = accept4(listener->fd, (struct sockaddr *)&peer, &length,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	address_name(name, listener->kind->scheme, (struct sockaddr *)&peer, length);
	if (listener->kind->protocol == IPPROTO_TCP) /* SCTP asks by itself */
		listen_watch(fd);
	if (!listen_make_room(collect))
		listen_refuse(collect, name, "there are too many connections");
	else if (connection_open(&l->connections[l->connection_count], fd, listener->context,
				 name) == 0) {
		l->connection_count++;
		return;
	}
	close(fd);
}

static void listen_read(struct weir_collect *collect, uint32_t index)
{
	struct connection *connection = &collect->listeners->connections[index];
	char reason[TLS_REASON_BYTES];
	int rc = connection_serve(connection, collect, reason);

	if (rc == -EACCES)
		listen_refuse(collect, connection->stream.exporter, reason);
	if (rc < 0)
		listen_hang_up(collect, index);
}

/* ---- waiting ---- */

/* Everything that may be waited for, in this order: wake, listeners, connections. */
static uint32_t listen_fill(const struct listeners *l, int wake_fd, struct pollfd *fds)
{
	uint32_t count = 0;

	fds[count++] = (struct pollfd){.fd = wake_fd, .events = POLLIN};
	for (uint32_t i = 0; l && i < l->count; i++)
		fds[count++] = (struct pollfd){.fd = l->listener[i].fd, .events = POLLIN};
	for (uint32_t i = 0; l && i < l->connection_count; i++)
		fds[count++] = (struct pollfd){.fd = l->connections[i].fd,
					       .events = l->connections[i].events};
	return count;
}

static void listen_serve(struct weir_collect *collect, const struct pollfd *fds)
{
	struct listeners *l = collect->listeners;
	uint32_t connections = l->connection_count;

	for (uint32_t i = 0; i < l->count; i++, fds++) {
		if (!fds->revents)
			continue;
		if (l->listener[i].kind->type == SOCK_DGRAM)
			listen_receive(collect, &l->listener[i]);
		else
			listen_accept(collect, &l->listener[i]);
	}
	/*
	 * From the end: one that is over is replaced by the last. (One that gave way to a new
	 * one was, too: to read of another than polled does no harm.)
	 */
	for (uint32_t i = connections; i--;)
		if (fds[i].revents)
			listen_read(collect, i);
}

/* Who has begun a handshake and does not go on. */
static void listen_tick(struct weir_collect *collect)
{
	struct listeners *l = collect->listeners;
	uint64_t now_ns = clock_monotonic_ns();

	for (uint32_t i = l->connection_count; i--;) {
		if (!connection_is_late(&l->connections[i], now_ns))
			continue;
		listen_refuse(collect, l->connections[i].stream.exporter, "no handshake");
		listen_hang_up(collect, i);
	}
	for (uint32_t i = 0; i < l->count; i++)
		if (l->listener[i].dtls)
			collect->refused += dtls_tick(l->listener[i].dtls, now_ns);
}

void weir_collect_stop(struct weir_collect *collect)
{
	struct listeners *l = collect->listeners;

	for (int i = 0; i < LISTEN_DRAIN_TURNS_MAX; i++)
		if (!(weir_collect_wait(collect, -1, 0) & WEIR_COLLECT_SERVED))
			break;
	for (uint32_t i = 0; l && i < l->count; i++) {
		struct listener *listener = &l->listener[i];

		if (listener->kind->type != SOCK_DGRAM || listener->dtls)
			continue;
		/* as short a time as can be between the last look and the end */
		for (int n = 0; n < LISTEN_DRAIN_TURNS_MAX && listen_receive(collect, listener);
		     n++)
			;
		close(listener->fd);
		listener->fd = -1;
	}
	listeners_close(l);
	collect->listeners = NULL;
}

int weir_collect_wait(struct weir_collect *collect, int wake_fd, int timeout_ms)
{
	struct pollfd fds[1 + WEIR_COLLECT_LISTENERS_MAX + LISTEN_CONNECTIONS_MAX];
	uint32_t count = listen_fill(collect->listeners, wake_fd, fds);
	int rc = poll(fds, count, timeout_ms);

	if (rc < 0)
		return errno == EINTR ? 0 : -errno;
	if (rc > 0 && collect->listeners)
		listen_serve(collect, fds + 1);
	if (collect->listeners)
		listen_tick(collect);
	return (fds[0].revents ? WEIR_COLLECT_WOKEN : 0) |
	       (rc > (fds[0].revents != 0) ? WEIR_COLLECT_SERVED : 0);
}
