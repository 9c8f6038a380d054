/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading pcap and pcapng: from bytes to packets, without any I/O.
 *
 * The owner shows the reader a window of the file as a cursor; the reader
 * fills an array of packets that point into that window, moves the cursor
 * behind the last record that it has read whole, and says why it stopped.
 * It never reads outside the window and never guesses: what it cannot make
 * sense of is told in words.
 */
#ifndef SOURCE_READER_H
#define SOURCE_READER_H

#include "base/cursor.h"
#include "source/reader_clock.h"
#include "weir/packet.h"

enum {
	/* MAXIMUM_SNAPLEN of tcpdump, WTAP_MAX_PACKET_SIZE_STANDARD of Wireshark */
	READER_CAPTURED_MAX_BYTES = 262144,
	/* WTAP_MAX_PACKET_SIZE_USBPCAP and _DBUS of Wireshark: these links have huge messages */
	READER_CAPTURED_MAX_HUGE_BYTES = 128 << 20,
	/* MAX_BLOCK_SIZE of Wireshark's wiretap/pcapng.c, for blocks that are read whole */
	READER_BLOCK_MAX_BYTES = 16 << 20,
	READER_BLOCK_MAX_HUGE_BYTES = READER_CAPTURED_MAX_HUGE_BYTES + READER_BLOCK_MAX_BYTES,
	READER_INTERFACES_MAX = WEIR_INTERFACES_MAX, /* of one section */
	READER_COMPLAINT_BYTES = 160,
};

/* Why the reader stopped. */
enum reader_stop {
	READER_LIMIT,     /* the array is full */
	READER_MORE,      /* the next record needs 'wanted' bytes; with none left: a good end */
	READER_INTERFACE, /* 'found' was met: bind its index, then go on */
	READER_BAD,       /* one packet record was bad and has been skipped; go on */
	READER_BROKEN,    /* nothing after this can be trusted */
};

enum reader_format { READER_PCAP, READER_PCAPNG };

/* What the packet loop needs to know of an interface. */
struct reader_interface {
	uint32_t index;        /* in the engine's table: goes into each packet */
	uint32_t snaplen;      /* 0 = no limit */
	uint32_t captured_max; /* a record with more than this lies */
	uint32_t cooked_at;    /* offset of the packet type in Linux cooked packets, else 0 */
	struct reader_clock clock;
};

/* What is particular to pcap. */
struct reader_pcap {
	uint32_t header_bytes; /* of each record */
	uint32_t fraction_ns;  /* ns per unit of the time stamp's second half */
	bool has_direction;    /* Kuznetzov's format: the record header tells it */
	uint16_t minor;        /* of the version: some old ones swapped the lengths */
	bool announced;        /* the one interface was found */
};

/* What is particular to pcapng. */
struct reader_pcapng {
	uint64_t skip_bytes;  /* left of a block that is not for us, without its trailer */
	uint32_t skip_length; /* what that block's trailer must say, 0 = no such block */
	uint32_t block_max;   /* a block that is to be read whole and is longer lies */
};

struct reader {
	enum reader_format format;
	bool swapped;     /* the file, or the section, has the other byte order */
	uint32_t snaplen; /* packets are cut to this; set by the owner */
	struct reader_interface *interfaces; /* of the section; owned */
	uint32_t interface_count, interface_room;
	struct weir_interface found; /* after READER_INTERFACE */
	size_t wanted;               /* after READER_MORE: bytes from the cursor on */
	bool wanted_packet;          /* ... and they are a packet record */
	bool lost_packet;            /* after READER_BROKEN: the broken place was a packet record */
	char complaint[READER_COMPLAINT_BYTES]; /* after READER_BAD and READER_BROKEN */
	struct reader_pcap pcap;
	struct reader_pcapng pcapng;
};

/* Where packets go; 'limit' may be 0: then all up to the first packet is read. */
struct reader_output {
	struct weir_packet *packets;
	uint32_t count, limit;
};

/* Start anew; nothing is allocated until the first interface. */
void reader_open(struct reader *reader, uint32_t snaplen);
void reader_close(struct reader *reader);
/*
 * Look at the first bytes of a file. 1: the format is known and the cursor
 * stands where reader_read begins; 0: 'wanted' bytes are needed for that;
 * -EINVAL: this is no capture file, 'complaint' says why.
 */
int reader_recognise(struct reader *reader, struct cursor *cursor);
/* Read records until one of the reasons to stop; packets go behind output->count. */
enum reader_stop reader_read(struct reader *reader, struct cursor *cursor,
			     struct reader_output *output);
/* After READER_INTERFACE: what 'found' is called in the engine's table. */
void reader_bind(struct reader *reader, uint32_t index);

#endif
