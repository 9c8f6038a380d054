/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 7011 section 3.1 and 3.3; RFC 3954 section 5. */
#include "ipfix_message.h"

enum { NETFLOW9_ALIGN = 4 };

void message_begin(struct message *message, enum message_version version, uint32_t room)
{
	uint8_t *bytes = message->bytes;

	memset(message, 0, sizeof(*message));
	message->bytes = bytes;
	message->version = (uint8_t)version;
	message->room = room;
	message->set_id = MESSAGE_NO_SET;
	message->used = version == MESSAGE_IPFIX ? IPFIX_HEADER_BYTES : NETFLOW9_HEADER_BYTES;
}

void message_begin_next(struct message *message)
{
	bool process = message->process;

	message_begin(message, message->version, message->room);
	message->process = process;
}

void message_end_set(struct message *message)
{
	if (!message->set_offset)
		return;
	while (message->version == MESSAGE_NETFLOW9 && message->used % NETFLOW9_ALIGN)
		message->bytes[message->used++] = 0;
	put16(message->bytes + message->set_offset + 2,
	      (uint16_t)(message->used - message->set_offset));
	message->set_offset = 0;
}

void message_begin_set(struct message *message, uint16_t id)
{
	message_end_set(message);
	message->set_offset = message->used;
	message->set_id = id;
	put16(message->bytes + message->used, id);
	message->used += IPFIX_SET_HEADER_BYTES;
}

void message_head(struct message *message, uint32_t time_s, uint32_t uptime_ms, uint32_t sequence,
		  uint32_t domain)
{
	uint8_t *at = put16(message->bytes, message->version);

	if (message->version == MESSAGE_NETFLOW9) {
		at = put16(at, (uint16_t)(message->records + message->template_records));
		at = put32(at, uptime_ms);
	} else {
		at = put16(at, (uint16_t)message->used);
	}
	at = put32(at, time_s);
	at = put32(at, sequence);
	put32(at, domain);
}
