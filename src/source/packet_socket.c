/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order matters at open: the socket is deaf (protocol 0) until filter, ring
 * and options are in place, and only then bound, so that not one packet gets
 * in that the user did not ask for.
 */
#include "packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fanout.h"
#include "filter/kernel.h"
#include "link_names.h"
#include "links/type.h"
#include "privilege/request.h"

#ifndef TP_STATUS_GSO_TCP
#define TP_STATUS_GSO_TCP (1 << 8) /* linux/if_packet.h, since 5.16 */
#endif
#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23 /* linux/if_packet.h, since 4.20 */
#endif

enum {
	/* Ethernet and two tags: a longer frame than MTU and this was cut later */
	PACKET_SOCKET_LINK_HEADER_MAX = 22,
	PACKET_SOCKET_SLOTS = 2 * PACKET_SOCKET_DEVICES_MAX,
};

struct packet_device {
	int device; /* the kernel's index; 0 = an empty slot */
	uint32_t interface_index, mtu;
};

static bool packet_socket_is_any(const struct packet_socket *self)
{
	return self->link.index == 0;
}

static void packet_socket_notice(struct packet_socket *self, const char *format, const char *name)
{
	char text[160];

	snprintf(text, sizeof(text), format, name);
	if (self->context.notice)
		self->context.notice(self->context.user, text);
}

int packet_socket_set(struct packet_socket *self, int option, int value)
{
	return setsockopt(self->fd, SOL_PACKET, option, &value, sizeof(value)) ? -errno : 0;
}

void packet_socket_set_group(struct weir_source_settings *settings, uint64_t group)
{
	if (group <= UINT16_MAX)
		settings->fanout.group = (int32_t)group;
	else if (settings->fanout.members <= 1)
		settings->fanout.mode = WEIR_FANOUT_NONE;
	if (group <= UINT16_MAX && settings->fanout.mode == WEIR_FANOUT_NONE)
		settings->fanout.mode = WEIR_FANOUT_HASH;
}

uint32_t packet_socket_snaplen(const struct weir_source_settings *settings)
{
	return settings->snaplen ? settings->snaplen : WEIR_SNAPLEN_DEFAULT;
}

/* ---- the filter ---- */

/*
 * Compile what the kernel can do of the filter; the rest is done in user
 * space, and self->source.filtered says which. libpcap compiles against an
 * interface that is up; and of all interfaces it is those with Ethernet
 * frames that the kernel's program is for.
 */
static int packet_socket_compile(struct packet_socket *self,
				 const struct weir_source_settings *settings,
				 struct kernel_program *program, struct weir_error *error)
{
	const char *expression = weir_filter_expression(settings->filter);
	bool any = packet_socket_is_any(self);
	int rc;

	self->source.filtered = !any;
	rc = request_filter(self->context.privilege, any ? "lo" : self->link.name,
			    any ? LINKS_TYPE_ETHERNET : self->link.link_type, expression, program,
			    error);
	if (rc == -ENETDOWN) {
		self->source.filtered = false;
		rc = request_filter(self->context.privilege, self->link.name, LINKS_TYPE_ETHERNET,
				    "", program, error);
	}
	if (rc < 0 || self->source.filtered || !settings->filter)
		return rc < 0 ? rc : 0;
	if (!any)
		return weir_filter_prepare(settings->filter, self->link.link_type, error);
	/* What makes no sense without an Ethernet header matches nothing there. */
	weir_filter_prepare(settings->filter, LINKS_TYPE_RAW_IP, NULL);
	return weir_filter_prepare(settings->filter, LINKS_TYPE_ETHERNET, error);
}

static bool packet_socket_is_member(const struct packet_socket *self)
{
	return self->source.fanout.mode != WEIR_FANOUT_NONE;
}

/* The loopback shows each packet twice: leave out the outgoing copy, as libpcap does. */
static bool packet_socket_leaves_outgoing(const struct packet_socket *self)
{
	return self->direction == WEIR_DIRECTION_IN ||
	       (self->link.loopback && self->direction != WEIR_DIRECTION_OUT);
}

/* A member is deaf until all have joined: until then it keeps its program. */
static int packet_socket_attach(struct packet_socket *self, struct kernel_program *program)
{
	if (!packet_socket_is_member(self) || self->is_admitted)
		return kernel_attach(self->fd, program);
	self->waiting = malloc(sizeof(*program));
	if (!self->waiting)
		return -ENOMEM;
	*self->waiting = *program;
	return kernel_attach_none(self->fd);
}

int packet_socket_admit(struct weir_source *source, struct weir_error *error)
{
	struct packet_socket *self = (struct packet_socket *)source;
	int rc = self->waiting ? kernel_attach(self->fd, self->waiting) : 0;

	self->is_admitted = true;
	free(self->waiting);
	self->waiting = NULL;
	return rc < 0 ? weir_error_set_errno(error, rc, "the kernel refuses the filter") : 0;
}

/* Give the socket the program for these settings; replaces the one before in one step. */
static int packet_socket_filter(struct packet_socket *self,
				const struct weir_source_settings *settings,
				struct weir_error *error)
{
	struct kernel_program *program = malloc(sizeof(*program));
	uint32_t snaplen = packet_socket_snaplen(settings);
	int rc;

	if (!program)
		return weir_error_set(error, -ENOMEM, "out of memory for the filter");
	if (snaplen < PACKET_SOCKET_HEADER_BYTES)
		snaplen = PACKET_SOCKET_HEADER_BYTES;
	rc = packet_socket_compile(self, settings, program, error);
	if (rc == 0) {
		if (packet_socket_is_any(self))
			rc = kernel_adapt_any(program, settings->direction);
		if (rc >= 0)
			rc = kernel_adapt(program, snaplen, settings->direction);
		if (rc >= 0 && packet_socket_is_member(self) && packet_socket_leaves_outgoing(self))
			rc = kernel_adapt_incoming(program);
		if (rc >= 0)
			rc = packet_socket_attach(self, program);
		if (rc < 0)
			weir_error_set_errno(error, rc,
					     "the kernel refuses the filter (%u instructions)",
					     program->count);
	}
	free(program);
	return rc < 0 ? rc : 0;
}

int packet_socket_configure(struct weir_source *source, const struct weir_source_settings *settings,
			    struct weir_error *error)
{
	struct packet_socket *self = (struct packet_socket *)source;

	if (settings->direction != self->direction)
		return weir_error_set(error, -EOPNOTSUPP,
				      "the direction of a source cannot change while it runs");
	return packet_socket_filter(self, settings, error);
}

/* ---- opening ---- */

static int packet_socket_find(struct packet_socket *self, const char *name,
			      struct weir_error *error)
{
	if (strcmp(name, "any"))
		return link_find(self->fd, name, &self->link, error);
	strcpy(self->link.name, "any");
	self->link.up = true;
	self->devices = calloc(PACKET_SOCKET_SLOTS, sizeof(*self->devices));
	return self->devices ? link_names_open(&self->names, error)
			     : weir_error_set(error, -ENOMEM, "out of memory");
}

int packet_socket_open(struct packet_socket *self, const char *kind, const char *name,
		       uint32_t receive_bytes, const struct weir_source_settings *settings,
		       const struct weir_source_context *context, struct weir_error *error)
{
	int rc;

	self->kind = kind;
	self->context = *context;
	self->direction = settings->direction;
	self->source.fanout = settings->fanout;
	self->fd = rc = request_packet_socket(context->privilege, receive_bytes, error);
	if (rc < 0)
		return rc;
	self->source.wait_fd = self->fd;
	rc = packet_socket_find(self, name, error);
	if (rc == 0)
		rc = packet_socket_filter(self, settings, error);
	if (rc == 0 && !packet_socket_is_member(self) && packet_socket_leaves_outgoing(self)) {
		rc = packet_socket_set(self, PACKET_IGNORE_OUTGOING, 1);
		if (rc < 0)
			return weir_error_set_errno(error, rc,
						    "the kernel cannot leave out outgoing packets "
						    "(PACKET_IGNORE_OUTGOING, since 4.20)");
	}
	return rc;
}

int packet_socket_use_adapter_time(struct packet_socket *self, struct weir_error *error)
{
	int rc = packet_socket_is_any(self)
			 ? weir_error_set(error, -EINVAL, "time=adapter goes with one interface")
			 : request_adapter_time(self->context.privilege, self->link.name, error);

	if (rc >= 0)
		rc = packet_socket_set(self, PACKET_TIMESTAMP, SOF_TIMESTAMPING_RAW_HARDWARE);
	self->wants_adapter_time = true;
	return rc < 0 ? rc : 0;
}

/* Members of a group share their interface. */
static int packet_socket_add_interface(struct packet_socket *self,
				       const struct weir_interface *interface)
{
	return packet_socket_is_member(self)
		       ? weir_interfaces_share(self->context.interfaces, interface)
		       : weir_interfaces_add(self->context.interfaces, interface);
}

static int packet_socket_enter(struct packet_socket *self,
			       const struct weir_source_settings *settings,
			       struct weir_error *error)
{
	struct weir_interface *interface = &self->interface;
	int index = 0;

	*interface = (struct weir_interface){
		.link_type = self->link.link_type,
		.snaplen = settings->snaplen == WEIR_SNAPLEN_DEFAULT ? 0 : settings->snaplen,
		.time_resolution = 9,
	};
	snprintf(interface->source, sizeof(interface->source), "%s", self->kind);
	snprintf(interface->name, sizeof(interface->name), "%s", self->link.name);
	snprintf(interface->filter, sizeof(interface->filter), "%s",
		 weir_filter_expression(settings->filter));
	memcpy(interface->hardware_address, self->link.hardware_address,
	       sizeof(interface->hardware_address));
	if (self->wants_adapter_time)
		strcpy(interface->description, "time stamps of the adapter");
	if (!packet_socket_is_any(self))
		index = packet_socket_add_interface(self, interface);
	if (index < 0)
		return weir_error_set_errno(error, index, "no room for a further interface");
	self->interface_index = (uint32_t)index;
	self->source.account = weir_ledger_account(self->context.ledger, self->link.name, "",
						   self->kind, settings->fanout.member);
	if (self->source.account)
		self->source.row = weir_ledger_row(self->context.ledger, self->source.account,
						   WEIR_STAGE_RING, "", true);
	return self->source.row ? 0 : weir_error_set(error, -ENOMEM, "out of memory");
}

static int packet_socket_bind(struct packet_socket *self, bool promiscuous,
			      struct weir_error *error)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(ETH_P_ALL),
				      .sll_ifindex = self->link.index};
	struct packet_mreq member = {.mr_ifindex = self->link.index, .mr_type = PACKET_MR_PROMISC};

	if (bind(self->fd, (struct sockaddr *)&address, sizeof(address)))
		return weir_error_set_errno(error, -errno, "cannot bind to interface '%s'",
					    self->link.name);
	/* By membership: the kernel undoes it when the socket is closed, however that happens. */
	if (promiscuous && !self->link.loopback && !packet_socket_is_any(self) &&
	    setsockopt(self->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &member, sizeof(member)))
		return weir_error_set_errno(error, -errno, "cannot make '%s' promiscuous (try -p)",
					    self->link.name);
	return 0;
}

static int packet_socket_join(struct packet_socket *self, struct weir_error *error)
{
	struct weir_fanout *fanout = &self->source.fanout;
	int rc = fanout_join(self->fd, fanout, &self->context, error);

	weir_cell_set(&self->source.account->has_rollover,
		      fanout->rollover || fanout->mode == WEIR_FANOUT_ROLLOVER);
	return rc;
}

int packet_socket_listen(struct packet_socket *self, const struct weir_source_settings *settings,
			 struct weir_error *error)
{
	int rc = packet_socket_enter(self, settings, error);

	self->source.device = self->link.index;
	if (rc == 0)
		rc = packet_socket_bind(self, settings->promiscuous, error);
	if (rc == 0 && packet_socket_is_member(self))
		rc = packet_socket_join(self, error);
	if (rc == 0 && !self->link.up) {
		self->is_down = true;
		packet_socket_notice(self, "interface '%s' is down, waiting for it to come up",
				     self->link.name);
	}
	return rc;
}

void packet_socket_close(struct packet_socket *self)
{
	if (self->fd >= 0)
		close(self->fd);
	free(self->waiting);
	free(self->devices);
	link_names_close(self->names);
}

/* ---- the interface's life ---- */

static void packet_socket_follow(struct packet_socket *self)
{
	char old_name[IFNAMSIZ];

	if (packet_socket_is_any(self)) {
		link_names_read(self->names);
		return;
	}
	memcpy(old_name, self->link.name, sizeof(old_name));
	if (link_refresh(self->fd, &self->link) && strcmp(old_name, self->link.name)) {
		char text[120];

		snprintf(text, sizeof(text), "interface '%s' is now called '%s', capturing on",
			 old_name, self->link.name);
		packet_socket_notice(self, "%s", text);
	}
	if (self->is_down && self->link.up) {
		self->is_down = false;
		packet_socket_notice(self, "interface '%s' is up", self->link.name);
	}
}

/*
 * The kernel tells of an interface's end by the same error as of its going
 * down, and not again when that was told already (net/packet/af_packet.c,
 * packet_notifier): while it is down, we must ask whether it is still there.
 */
int packet_socket_check_link(struct packet_socket *self, int problem)
{
	socklen_t size = sizeof(problem);

	if (!problem && getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &problem, &size))
		problem = 0;
	if ((!problem && !self->is_down) || packet_socket_is_any(self))
		return 0;
	if (link_refresh(self->fd, &self->link)) {
		if (!self->link.up && !self->is_down) {
			self->is_down = true;
			packet_socket_notice(self,
					     "interface '%s' went down, waiting for it to come up",
					     self->link.name);
		}
		return 0;
	}
	return weir_error_set(&self->source.failure, -ENODEV,
			      "interface '%s' has disappeared; what was captured is kept",
			      self->link.name);
}

/* ---- counters ---- */

/* The stack's own numbers, read and thereby reset: P includes the drops D. */
int packet_socket_read_counters(struct weir_source *source)
{
	struct packet_socket *self = (struct packet_socket *)source;
	struct tpacket_stats_v3 statistics = {0};
	socklen_t size = sizeof(statistics);

	if (getsockopt(self->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &size)) {
		weir_row_unknown(source->row, WEIR_UNKNOWN_IN | 1u << (WEIR_UNKNOWN_REASONS +
								       WEIR_REASON_RING_FULL));
		return -errno;
	}
	self->kernel_packets += statistics.tp_packets;
	self->kernel_drops += statistics.tp_drops;
	if (size == sizeof(statistics)) { /* of TPACKET_V3 */
		weir_cell_add(&source->row->freezes, statistics.tp_freeze_q_cnt);
		weir_cell_set(&source->row->has_freezes, 1);
	}
	weir_cell_set(&source->row->in, self->kernel_packets);
	weir_cell_set(&source->row->dropped[WEIR_REASON_GSO_UNSUPPORTED],
		      self->ghosts + self->refused);
	weir_cell_set(&source->row->dropped[WEIR_REASON_INVALID], self->unplaced);
	weir_cell_set(&source->row->dropped[WEIR_REASON_RING_FULL],
		      self->kernel_drops - self->ghosts);
	source->owed = self->kernel_packets - self->kernel_drops - self->refused - self->unplaced;
	if (weir_cell_get(&source->account->has_rollover))
		fanout_read_rollover(self->fd, source->account);
	packet_socket_follow(self);
	return 0;
}

void packet_socket_refuse(struct packet_socket *self)
{
	self->refused++;
	self->source.owed--; /* it will not be delivered */
}

void packet_socket_stop(struct weir_source *source)
{
	struct packet_socket *self = (struct packet_socket *)source;
	char text[160];

	kernel_attach_none(self->fd);
	if (!self->wants_adapter_time || !self->kernel_times)
		return;
	snprintf(text, sizeof(text),
		 "interface '%s' stamped %llu packets itself; %llu have the kernel's time",
		 self->link.name, (unsigned long long)self->adapter_times,
		 (unsigned long long)self->kernel_times);
	packet_socket_notice(self, "%s", text);
}

/* ---- interfaces of 'any' ---- */

static struct packet_device *packet_socket_slot(struct packet_socket *self, int device)
{
	uint32_t at = (uint32_t)device * 2654435761u % PACKET_SOCKET_SLOTS; /* Knuth 6.4 */

	while (self->devices[at].device && self->devices[at].device != device)
		at = (at + 1) % PACKET_SOCKET_SLOTS;
	return &self->devices[at];
}

static void packet_socket_name(struct packet_socket *self, struct ifreq *request, int device)
{
	const char *name;

	if (!ioctl(self->fd, SIOCGIFNAME, request))
		return;
	name = link_names_find(self->names, device); /* gone already */
	if (name)
		snprintf(request->ifr_name, sizeof(request->ifr_name), "%s", name);
	else
		snprintf(request->ifr_name, sizeof(request->ifr_name), "#%d", device);
}

/* The first packet of an interface: ask for its name, enter it. Once an interface. */
static bool packet_socket_meet(struct packet_socket *self, struct packet_device *slot,
			       const struct packet_frame *frame)
{
	struct weir_interface interface = self->interface;
	struct ifreq request = {.ifr_ifindex = frame->device};
	int index;

	if (self->device_count == PACKET_SOCKET_DEVICES_MAX ||
	    links_type(frame->hardware_type, &interface.link_type) < 0)
		return false;
	packet_socket_name(self, &request, frame->device);
	snprintf(interface.name, sizeof(interface.name), "%s", request.ifr_name);
	slot->mtu = ioctl(self->fd, SIOCGIFMTU, &request) ? 0 : (uint32_t)request.ifr_mtu;
	if (!ioctl(self->fd, SIOCGIFHWADDR, &request))
		memcpy(interface.hardware_address, request.ifr_hwaddr.sa_data,
		       sizeof(interface.hardware_address));
	index = packet_socket_add_interface(self, &interface);
	if (index < 0)
		return false;
	slot->device = frame->device;
	slot->interface_index = (uint32_t)index;
	self->device_count++;
	return true;
}

/* Which interface a frame is of. False when it has no place. */
static bool packet_socket_place(struct packet_socket *self, const struct packet_frame *frame,
				uint32_t *interface_index, uint32_t *mtu)
{
	struct packet_device *slot;

	if (!packet_socket_is_any(self)) {
		*interface_index = self->interface_index;
		*mtu = self->link.mtu;
		return true;
	}
	slot = packet_socket_slot(self, frame->device);
	if (!slot->device && !packet_socket_meet(self, slot, frame)) {
		if (!self->unplaced++)
			packet_socket_notice(self, "%s", "more interfaces than can be told apart");
		self->source.owed--; /* it will not be delivered */
		return false;
	}
	*interface_index = slot->interface_index;
	*mtu = slot->mtu;
	return true;
}

/* ---- from frames to packets ---- */

static void packet_socket_restore_vlan(const struct packet_frame *frame, struct weir_packet *packet,
				       uint8_t *bytes)
{
	uint16_t tpid = frame->status & TP_STATUS_VLAN_TPID_VALID ? frame->vlan_tpid : ETH_P_8021Q;
	uint16_t tag[2] = {htons(tpid), htons(frame->vlan_tci)};

	/* The addresses move up by four (over the virtio header, read by now). */
	memmove(bytes - PACKET_SOCKET_VLAN_BYTES, bytes, 12);
	memcpy(bytes - PACKET_SOCKET_VLAN_BYTES + 12, tag, sizeof(tag));
	packet->bytes = bytes - PACKET_SOCKET_VLAN_BYTES;
	packet->captured_len += PACKET_SOCKET_VLAN_BYTES;
	packet->wire_len += PACKET_SOCKET_VLAN_BYTES;
	packet->vlan_tci = frame->vlan_tci;
	packet->vlan_tpid = tpid;
	packet->flags |= WEIR_PACKET_VLAN_RESTORED;
}

bool packet_socket_view(struct packet_socket *self, const struct packet_frame *frame,
			struct weir_packet *packet)
{
	uint16_t flags = frame->packet_type <= PACKET_LOOPBACK ? frame->packet_type
							       : WEIR_PACKET_DIRECTION_UNKNOWN;
	uint32_t mtu;

	if (!packet_socket_place(self, frame, &packet->interface, &mtu))
		return false;
	packet->gso_size = 0;
	if (self->has_vnet_header) {
		const uint8_t *vnet = frame->bytes - PACKET_SOCKET_VNET_BYTES;

		if (vnet[1]) /* gso_type; VIRTIO_NET_HDR_GSO_NONE is 0 */
			memcpy(&packet->gso_size, vnet + 4, sizeof(packet->gso_size));
	} else if (frame->status & TP_STATUS_GSO_TCP ||
		   frame->wire_len > mtu + PACKET_SOCKET_LINK_HEADER_MAX) {
		flags |= WEIR_PACKET_SUPER;
	}
	if (frame->status & TP_STATUS_CSUMNOTREADY)
		flags |= WEIR_PACKET_CHECKSUM_NOT_READY;
	if (frame->status & TP_STATUS_LOSING)
		flags |= WEIR_PACKET_LOSING;
	if (self->wants_adapter_time) {
		if (frame->status & TP_STATUS_TS_RAW_HARDWARE)
			self->adapter_times++;
		else
			self->kernel_times++;
	}
	packet->bytes = frame->bytes;
	packet->captured_len = frame->captured_len;
	packet->wire_len = frame->wire_len;
	packet->time_ns = frame->time_ns;
	packet->vlan_tci = packet->vlan_tpid = 0;
	packet->rx_hash = 0;
	packet->flags = flags;
	if (frame->status & TP_STATUS_VLAN_VALID && frame->captured_len >= 12)
		packet_socket_restore_vlan(frame, packet, frame->bytes);
	return true;
}
