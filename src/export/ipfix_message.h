/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message being built: room for the header, then sets, each of one template.
 * The header is filled in when the message is sent, since only then its time
 * and sequence number are known (and it may go to another collector).
 *
 *	| header | set 256: record record ... | set 258: record ... |
 *	         ^ header_bytes               ^ set_offset          ^ used
 */
#ifndef EXPORT_IPFIX_MESSAGE_H
#define EXPORT_IPFIX_MESSAGE_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	IPFIX_HEADER_BYTES = 16,
	NETFLOW9_HEADER_BYTES = 20,
	IPFIX_SET_HEADER_BYTES = 4,
	MESSAGE_NO_SET = 4, /* a set id that RFC 7011 reserves: none is open yet */
};

enum message_version { MESSAGE_IPFIX = 10, MESSAGE_NETFLOW9 = 9 };

struct message {
	uint8_t *bytes;
	uint32_t room; /* bytes that may be used */
	uint32_t used;
	uint32_t set_offset; /* of the open set's header, 0 = none */
	uint16_t set_id;
	uint8_t version;           /* enum message_version */
	bool process;              /* about the exporting process: observation domain 0 */
	uint8_t bucket;            /* hash that chooses a collector */
	uint32_t records;          /* data records, those of options too */
	uint32_t template_records; /* counted by NetFlow v9's header only */
	/* Of the flow records within: */
	uint32_t flows; /* as the ledger counts them */
	uint64_t packets, octets;
	/* Lost between the message before and this one, because the queue was full. */
	uint32_t gap_records, gap_messages;
	uint64_t begun_ns;
};

static inline uint8_t *put16(uint8_t *at, uint16_t value)
{
	value = htobe16(value);
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static inline uint8_t *put32(uint8_t *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static inline uint8_t *put64(uint8_t *at, uint64_t value)
{
	value = htobe64(value);
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

/* Make it empty, for at most 'room' bytes. */
void message_begin(struct message *message, enum message_version version, uint32_t room);
/* The same again after it has been sent. */
void message_begin_next(struct message *message);
/* End the open set, if there is one: its length, and NetFlow v9's padding. */
void message_end_set(struct message *message);
/* End the open set and begin another. */
void message_begin_set(struct message *message, uint16_t id);
/* Is there room for 'bytes' more in a set of this id? */
static inline bool message_fits(const struct message *message, uint16_t id, uint32_t bytes)
{
	/* padding of the open set, header of a new one, padding of that */
	uint32_t extra = message->set_id == id ? 3 : 3 + IPFIX_SET_HEADER_BYTES + 3;

	return message->used + bytes + extra <= message->room;
}
/* Where a record of a set with this id goes; the caller has seen that it fits. */
static inline uint8_t *message_at(struct message *message, uint16_t id)
{
	if (message->set_id != id)
		message_begin_set(message, id);
	return message->bytes + message->used;
}
/* A record ends at 'end'. */
static inline void message_take(struct message *message, const uint8_t *end)
{
	message->used = (uint32_t)(end - message->bytes);
}
/* Are there no sets in it? */
static inline bool message_is_empty(const struct message *message)
{
	return message->set_id == MESSAGE_NO_SET;
}
/* Fill in the header; 'uptime_ms' is for NetFlow v9. The open set must have been ended. */
void message_head(struct message *message, uint32_t time_s, uint32_t uptime_ms, uint32_t sequence,
		  uint32_t domain);

#endif
