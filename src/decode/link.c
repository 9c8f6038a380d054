/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the first byte of a frame to its network header. Each kind of link
 * header either names the next one by an ethertype, or ends the chain. VLAN
 * tags, MPLS labels, PPPoE and pseudo-wires may stand in any order, up to
 * WEIR_LINK_HEADERS_MAX of them.
 */
#include "link.h"

enum {
	LINK_ETHERNET_BYTES = 14,
	LINK_FDDI_BYTES = 13,
	LINK_COOKED_BYTES = 16,
	LINK_COOKED_2_BYTES = 20,
	LINK_LENGTH_MAX = 1500,       /* IEEE 802.3, 3.2.6: 1501 to 1535 is neither */
	LINK_COOKED_PROTOCOL_LLC = 4, /* ETH_P_802_2 in Linux if_ether.h */
	LINK_LLC_SNAP = 0xaa,         /* IEEE 802.2 SAPs */
	LINK_LLC_IP = 0x06,           /* RFC 948 */
	LINK_LLC_UNNUMBERED = 0x03,   /* unnumbered information */
	LINK_OUI_ETHERNET = 0x000000, /* RFC 1042 */
	LINK_OUI_BRIDGED = 0x0000f8,  /* IEEE 802.1H */
	LINK_PPP_IPV4 = 0x0021,       /* RFC 1332 */
	LINK_PPP_IPV6 = 0x0057,       /* RFC 5072 */
	LINK_PPP_MPLS = 0x0281,       /* RFC 3032 */
	LINK_PPP_MPLS_MULTICAST = 0x0283,
	LINK_PSEUDO_WIRE_CONTROL_BYTES = 4, /* RFC 4385 */
};

enum link_step {
	LINK_NEXT, /* ethertype names what comes now, perhaps one more link header */
	LINK_DONE, /* what comes now is no link header */
	LINK_ENDED /* badly; status says why */
};

static bool link_is_vlan(uint16_t ethertype)
{
	return ethertype == LINK_ETHERTYPE_VLAN || ethertype == LINK_ETHERTYPE_SERVICE_VLAN ||
	       ethertype == LINK_ETHERTYPE_STACKED_VLAN;
}

static bool link_is_mpls(uint16_t ethertype)
{
	return ethertype == LINK_ETHERTYPE_MPLS || ethertype == LINK_ETHERTYPE_MPLS_MULTICAST;
}

bool link_looks_like_ethernet(const uint8_t *at)
{
	uint16_t ethertype = walk_be16(at + 12);

	return ethertype == LINK_ETHERTYPE_IPV4 || ethertype == LINK_ETHERTYPE_IPV6 ||
	       ethertype == LINK_ETHERTYPE_ARP || link_is_vlan(ethertype) ||
	       link_is_mpls(ethertype) || ethertype == LINK_ETHERTYPE_PPPOE_DISCOVERY ||
	       ethertype == LINK_ETHERTYPE_PPPOE_SESSION;
}

static enum link_step link_is(struct walk *walk, uint16_t ethertype)
{
	walk->headers->ethertype = ethertype;
	return LINK_NEXT;
}

static enum link_step link_ethernet(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, LINK_ETHERNET_BYTES, WEIR_DECODE_REASON_LINK);

	if (!at)
		return LINK_ENDED;
	if (walk->headers->link_offset == WEIR_OFFSET_NONE)
		walk->headers->link_offset = (uint16_t)walk->offset;
	walk->headers->ethertype = walk_be16(at + 12);
	walk->offset += LINK_ETHERNET_BYTES;
	return LINK_NEXT;
}

/* IEEE 802.2: DSAP, SSAP, control; with SNAP (RFC 1042) an OUI and an ethertype too. */
static enum link_step link_llc(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, 3, WEIR_DECODE_REASON_LINK);
	uint32_t oui;

	if (!at)
		return LINK_ENDED;
	walk->headers->ethertype = at[0];
	if (at[0] == LINK_LLC_IP && at[1] == LINK_LLC_IP && at[2] == LINK_LLC_UNNUMBERED)
		walk->headers->ethertype = LINK_ETHERTYPE_IPV4;
	if (at[0] != LINK_LLC_SNAP || at[1] != LINK_LLC_SNAP || at[2] != LINK_LLC_UNNUMBERED) {
		walk->offset += 3;
		return LINK_DONE;
	}
	at = walk_need(walk, 8, WEIR_DECODE_REASON_LINK);
	if (!at)
		return LINK_ENDED;
	walk->offset += 8;
	oui = walk_be32(at + 2) & 0xffffff;
	if ((oui != LINK_OUI_ETHERNET && oui != LINK_OUI_BRIDGED) ||
	    walk_be16(at + 6) < LINK_ETHERTYPE_MIN)
		return LINK_DONE; /* a vendor's own protocol: CDP, PVST+ ... */
	walk->headers->ethertype = walk_be16(at + 6);
	return LINK_NEXT;
}

/* IEEE 802.3: the type field is the length of the LLC frame after it. */
static enum link_step link_802_3(struct walk *walk)
{
	uint32_t length = walk->headers->ethertype;

	if (length > LINK_LENGTH_MAX) {
		walk_malformed(walk, WEIR_DECODE_REASON_LINK);
		return LINK_ENDED;
	}
	walk_narrow(walk, length, WEIR_DECODE_REASON_LINK);
	return link_llc(walk);
}

/* IEEE 802.1Q 9.6: TCI, then the type of what is tagged. */
static enum link_step link_vlan(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, 4, WEIR_DECODE_REASON_VLAN);
	struct weir_headers *headers = walk->headers;

	if (!at)
		return LINK_ENDED;
	if (headers->vlan_count < 3)
		headers->vlan_tci[headers->vlan_count] = walk_be16(at);
	headers->vlan_count++;
	headers->ethertype = walk_be16(at + 2);
	walk->offset += 4;
	return LINK_NEXT;
}

/*
 * PPP (RFC 1661): address and control may be left out, the protocol may be
 * one byte long (odd). 'other' is the ethertype of what is not IP or MPLS.
 */
static enum link_step link_ppp(struct walk *walk, uint16_t other)
{
	const uint8_t *at = walk_need(walk, 2, WEIR_DECODE_REASON_PPP);
	uint16_t protocol;

	if (at && at[0] == 0xff && at[1] == 0x03) {
		walk->offset += 2;
		at = walk_need(walk, 2, WEIR_DECODE_REASON_PPP);
	}
	if (!at)
		return LINK_ENDED;
	protocol = at[0] & 1 ? at[0] : walk_be16(at);
	walk->offset += at[0] & 1 ? 1 : 2;
	switch (protocol) {
	case LINK_PPP_IPV4:
		return link_is(walk, LINK_ETHERTYPE_IPV4);
	case LINK_PPP_IPV6:
		return link_is(walk, LINK_ETHERTYPE_IPV6);
	case LINK_PPP_MPLS:
		return link_is(walk, LINK_ETHERTYPE_MPLS);
	case LINK_PPP_MPLS_MULTICAST:
		return link_is(walk, LINK_ETHERTYPE_MPLS_MULTICAST);
	default:
		walk->headers->ethertype = other;
		return LINK_DONE;
	}
}

/* RFC 2516 section 4: version and type 1, code, session, length; then PPP. */
static enum link_step link_pppoe(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, 6, WEIR_DECODE_REASON_PPP);

	if (!at)
		return LINK_ENDED;
	walk->offset += 6;
	if (at[0] != 0x11) {
		walk_malformed(walk, WEIR_DECODE_REASON_PPP);
		return LINK_ENDED;
	}
	walk_narrow(walk, walk_be16(at + 4), WEIR_DECODE_REASON_PPP);
	if (at[1] != 0)
		return LINK_DONE; /* not session data */
	return link_ppp(walk, LINK_ETHERTYPE_PPPOE_SESSION);
}

/* Cisco's HDLC, and what LINKTYPE_PPP_HDLC may have in PPP's place: address, control, ethertype. */
static enum link_step link_cisco_hdlc(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, 4, WEIR_DECODE_REASON_LINK);

	if (!at)
		return LINK_ENDED;
	walk->headers->ethertype = walk_be16(at + 2);
	walk->offset += 4;
	return walk->headers->ethertype < LINK_ETHERTYPE_MIN ? LINK_DONE : LINK_NEXT;
}

/* An IPv4 header whose lengths fit what is there; 'left' bytes are on the wire. */
static bool link_looks_like_ipv4(const uint8_t *at, uint32_t left)
{
	uint32_t header_bytes = (at[0] & 15) * 4u;

	return at[0] >> 4 == 4 && header_bytes >= 20 && walk_be16(at + 2) >= header_bytes &&
	       walk_be16(at + 2) <= left;
}

static bool link_looks_like_ipv6(const uint8_t *at, uint32_t left)
{
	return at[0] >> 4 == 6 && walk_be16(at + 4) + 40u <= left;
}

static enum link_step link_pseudo_wire(struct walk *walk)
{
	if (walk->headers->tunnel == WEIR_TUNNEL_NONE) {
		walk->headers->tunnel = WEIR_TUNNEL_MPLS;
		walk->headers->tunnel_id = walk->headers->mpls_label >> 12;
	}
	return link_ethernet(walk);
}

/*
 * Nothing in MPLS says what the stack carries. By RFC 4928 section 3 the
 * first nibble tells IPv4 (4), IPv6 (6) and a control word (0, RFC 4385;
 * 1, RFC 5586) apart; but an Ethernet pseudo-wire without a control word
 * starts with a MAC address, whose first nibble may be any. So the nibble is
 * believed when what it promises fits; then Ethernet is tried; and what
 * neither fits is left alone, as MPLS.
 */
static enum link_step link_mpls_payload(struct walk *walk)
{
	const uint32_t control_bytes = LINK_PSEUDO_WIRE_CONTROL_BYTES;
	uint32_t left = walk->wire_end - walk->offset;
	uint32_t looked_at = walk_smaller(left, control_bytes + LINK_ETHERNET_BYTES);
	const uint8_t *at = walk_need(walk, looked_at ? looked_at : 1, WEIR_DECODE_REASON_MPLS);

	if (!at)
		return LINK_ENDED;
	if (looked_at >= 6 && link_looks_like_ipv4(at, left))
		return link_is(walk, LINK_ETHERTYPE_IPV4);
	if (looked_at >= 6 && link_looks_like_ipv6(at, left))
		return link_is(walk, LINK_ETHERTYPE_IPV6);
	if (at[0] >> 4 == 0 && looked_at == control_bytes + LINK_ETHERNET_BYTES &&
	    link_looks_like_ethernet(at + control_bytes)) {
		walk->offset += control_bytes;
		return link_pseudo_wire(walk);
	}
	if (looked_at >= LINK_ETHERNET_BYTES && link_looks_like_ethernet(at))
		return link_pseudo_wire(walk);
	switch (at[0] >> 4) {
	case 4:
		return link_is(walk, LINK_ETHERTYPE_IPV4);
	case 6:
		return link_is(walk, LINK_ETHERTYPE_IPV6);
	default:
		return LINK_DONE;
	}
}

/* RFC 3032 section 2.1: label (20 bits), traffic class (3), bottom of stack (1), TTL (8). */
static enum link_step link_mpls(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, 4, WEIR_DECODE_REASON_MPLS);

	if (!at)
		return LINK_ENDED;
	walk->headers->mpls_count++;
	walk->headers->mpls_label = walk_be32(at);
	walk->offset += 4;
	if (!(at[2] & 1))
		return LINK_NEXT;
	return link_mpls_payload(walk);
}

/* Linux cooked captures: no link header, but its type and the ethertype. */
static enum link_step link_cooked(struct walk *walk, uint32_t bytes, uint32_t protocol_offset)
{
	const uint8_t *at = walk_need(walk, bytes, WEIR_DECODE_REASON_LINK);

	if (!at)
		return LINK_ENDED;
	walk->offset += bytes;
	walk->headers->ethertype = walk_be16(at + protocol_offset);
	if (walk->headers->ethertype == LINK_COOKED_PROTOCOL_LLC)
		return link_llc(walk);
	return walk->headers->ethertype < LINK_ETHERTYPE_MIN ? LINK_DONE : LINK_NEXT;
}

/*
 * BSD loopback: four bytes of address family. LINKTYPE_LOOP has them in
 * network order, LINKTYPE_NULL in that of the host that captured; no family
 * needs more than one byte, so both orders can be told apart.
 */
static enum link_step link_loopback(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, 4, WEIR_DECODE_REASON_LINK);
	uint32_t family;

	if (!at)
		return LINK_ENDED;
	family = walk_be32(at);
	if (family >= 1u << 24)
		family = __builtin_bswap32(family);
	walk->offset += 4;
	switch (family) {
	case 2: /* AF_INET everywhere */
		return link_is(walk, LINK_ETHERTYPE_IPV4);
	case 10: /* AF_INET6 of Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* Darwin */
		return link_is(walk, LINK_ETHERTYPE_IPV6);
	default:
		walk_stop(walk, WEIR_DECODE_UNSUPPORTED, WEIR_DECODE_REASON_LINK);
		return LINK_ENDED;
	}
}

static enum link_step link_raw(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, 1, WEIR_DECODE_REASON_LINK);

	if (!at)
		return LINK_ENDED;
	if (at[0] >> 4 != 4 && at[0] >> 4 != 6) {
		walk_malformed(walk, WEIR_DECODE_REASON_LINK);
		return LINK_ENDED;
	}
	return link_is(walk, at[0] >> 4 == 4 ? LINK_ETHERTYPE_IPV4 : LINK_ETHERTYPE_IPV6);
}

/* ANSI X3.139: frame control, two addresses; then LLC in LLC frames, asynchronous or not. */
static enum link_step link_fddi(struct walk *walk)
{
	const uint8_t *at = walk_need(walk, LINK_FDDI_BYTES, WEIR_DECODE_REASON_LINK);

	if (!at)
		return LINK_ENDED;
	walk->offset += LINK_FDDI_BYTES;
	return (at[0] & 0x70) == 0x50 ? link_llc(walk) : LINK_DONE;
}

static enum link_step link_first(struct walk *walk, uint32_t link_type)
{
	switch (link_type) {
	case LINK_TYPE_ETHERNET:
		return link_ethernet(walk);
	case LINK_TYPE_IPV4:
		return link_is(walk, LINK_ETHERTYPE_IPV4);
	case LINK_TYPE_IPV6:
		return link_is(walk, LINK_ETHERTYPE_IPV6);
	case LINK_TYPE_RAW:
		return link_raw(walk);
	case LINK_TYPE_COOKED:
		return link_cooked(walk, LINK_COOKED_BYTES, 14);
	case LINK_TYPE_COOKED_2:
		return link_cooked(walk, LINK_COOKED_2_BYTES, 0);
	case LINK_TYPE_NULL:
	case LINK_TYPE_LOOP:
		return link_loopback(walk);
	case LINK_TYPE_PPP:
		return link_ppp(walk, LINK_ETHERTYPE_PPP);
	case LINK_TYPE_PPP_HDLC: /* RFC 1547 section 4.3.1: 0x0f and 0x8f are Cisco's */
		if (walk->captured_end && (walk->bytes[0] & 0x7f) == 0x0f)
			return link_cisco_hdlc(walk);
		return link_ppp(walk, LINK_ETHERTYPE_PPP);
	case LINK_TYPE_PPP_ETHER:
		return link_is(walk, LINK_ETHERTYPE_PPPOE_SESSION);
	case LINK_TYPE_CISCO_HDLC:
		return link_cisco_hdlc(walk);
	case LINK_TYPE_MPLS:
		return link_is(walk, LINK_ETHERTYPE_MPLS);
	case LINK_TYPE_FDDI:
		return link_fddi(walk);
	default:
		walk_stop(walk, WEIR_DECODE_UNSUPPORTED, WEIR_DECODE_REASON_LINK);
		return LINK_ENDED;
	}
}

/* One more link header, if ethertype names one. */
static enum link_step link_next(struct walk *walk)
{
	uint16_t ethertype = walk->headers->ethertype;

	if (ethertype < LINK_ETHERTYPE_MIN)
		return link_802_3(walk);
	if (link_is_vlan(ethertype))
		return link_vlan(walk);
	if (link_is_mpls(ethertype))
		return link_mpls(walk);
	if (ethertype == LINK_ETHERTYPE_PPPOE_SESSION)
		return link_pppoe(walk);
	return LINK_DONE;
}

bool link_decode(struct walk *walk, uint32_t link_type)
{
	enum link_step step = link_first(walk, link_type);

	for (int headers = 0; step == LINK_NEXT; headers++) {
		if (headers > WEIR_LINK_HEADERS_MAX)
			return walk_stop(walk, WEIR_DECODE_UNSUPPORTED, WEIR_DECODE_REASON_DEPTH);
		step = link_next(walk);
	}
	return step == LINK_DONE;
}
