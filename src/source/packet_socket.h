/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all sources on an AF_PACKET socket have in common: opening it deaf,
 * the filter, who is heard, the kernel's counters, the interface's life, and
 * the way from what the kernel tells of a frame to a packet.
 *
 * With the name "any" the socket hears all interfaces of the namespace, those
 * to come included; each is entered when its first packet comes.
 */
#ifndef SOURCE_PACKET_SOCKET_H
#define SOURCE_PACKET_SOCKET_H

#include "source/link.h"
#include "weir/source.h"

enum {
	PACKET_SOCKET_VNET_BYTES = 10, /* struct virtio_net_hdr, linux/virtio_net.h */
	PACKET_SOCKET_VLAN_BYTES = 4,
	/*
	 * Bytes that the kernel is asked to keep at least, however small the
	 * snaplen: the headers of a super-packet, without which its wire
	 * packets cannot be counted (Ethernet, VLAN, IPv6, TCP with options).
	 */
	PACKET_SOCKET_HEADER_BYTES = 128,
	PACKET_SOCKET_NO_GROUP = UINT16_MAX + 1,
	PACKET_SOCKET_DEVICES_MAX = 2048, /* that one 'any' tells apart, those gone included */
};

struct kernel_program;
struct packet_device;
struct link_names;

struct packet_socket {
	struct weir_source source; /* first: the engine's view */
	struct weir_source_context context;
	struct link link;                /* index 0: all interfaces */
	const char *kind;                /* "ring", "socket" */
	struct weir_interface interface; /* as entered; of 'any', the model for each */
	int fd;
	bool has_vnet_header; /* a virtio header stands before each frame */
	bool is_down;
	bool is_admitted;               /* a member of a fanout group: packets may come in */
	struct kernel_program *waiting; /* until then */
	uint32_t interface_index;       /* in context.interfaces */
	enum weir_direction direction;

	/* of 'any': open-addressed by the kernel's index, half full at most */
	struct packet_device *devices;
	uint32_t device_count;
	struct link_names *names; /* of those that were there */

	uint64_t ghosts;         /* records that the kernel reserved and never filled */
	uint64_t refused;        /* queued, but of a GSO type that cannot be expressed */
	uint64_t unplaced;       /* packets of interfaces beyond PACKET_SOCKET_DEVICES_MAX */
	uint64_t kernel_packets; /* sum of tp_packets: drops included */
	uint64_t kernel_drops;   /* sum of tp_drops: ghosts included */
	uint64_t adapter_times, kernel_times; /* packets by the clock that stamped them */
	bool wants_adapter_time;
};

/* What the kernel tells of a frame, by whatever way. */
struct packet_frame {
	uint8_t *bytes;  /* its first byte; before it there is room for the VLAN tag */
	uint32_t status; /* TP_STATUS_ bits */
	uint32_t captured_len, wire_len;
	uint64_t time_ns;
	uint16_t vlan_tci, vlan_tpid;
	uint8_t packet_type;    /* sll_pkttype */
	int device;             /* sll_ifindex */
	uint16_t hardware_type; /* sll_hatype */
};

/*
 * The first half of opening: the socket, the interface, the filter, who is
 * heard; still deaf. 'receive_bytes' is the socket's buffer, 0 for one with a
 * ring. -errno; packet_socket_close in any case.
 */
int packet_socket_open(struct packet_socket *self, const char *kind, const char *name,
		       uint32_t receive_bytes, const struct weir_source_settings *settings,
		       const struct weir_source_context *context, struct weir_error *error);
/* The second half: enter interface and account, and hear. */
int packet_socket_listen(struct packet_socket *self, const struct weir_source_settings *settings,
			 struct weir_error *error);
void packet_socket_close(struct packet_socket *self);

/* setsockopt of an int at SOL_PACKET; -errno. */
int packet_socket_set(struct packet_socket *self, int option, int value);
/* Have the NIC stamp packets; before packet_socket_listen. */
int packet_socket_use_adapter_time(struct packet_socket *self, struct weir_error *error);
/* Bytes wanted of each packet. */
uint32_t packet_socket_snaplen(const struct weir_source_settings *settings);

/*
 * Make a packet of a frame: direction, VLAN tag put back, GSO size. False,
 * and counted, when it has no place in the table of interfaces.
 */
bool packet_socket_view(struct packet_socket *self, const struct packet_frame *frame,
			struct weir_packet *packet);
/*
 * Nothing to read: find out whether the interface is down or gone. 'problem'
 * is the error (positive) that a read has met, or 0: then the socket is asked.
 * 0 or -ENODEV, with notices and source.failure set.
 */
int packet_socket_check_link(struct packet_socket *self, int problem);
/* A packet that was counted as queued turned out to be one that cannot be handed over. */
void packet_socket_refuse(struct packet_socket *self);

/*
 * What the option fanout=ID says: the group that is joined, by the mode of
 * the settings, or by hash. With PACKET_SOCKET_NO_GROUP, a socket that is to
 * be the only member is none.
 */
void packet_socket_set_group(struct weir_source_settings *settings, uint64_t group);

/* ops that all such sources share */
int packet_socket_configure(struct weir_source *source, const struct weir_source_settings *settings,
			    struct weir_error *error);
int packet_socket_read_counters(struct weir_source *source);
int packet_socket_admit(struct weir_source *source, struct weir_error *error);
void packet_socket_stop(struct weir_source *source);

#endif
