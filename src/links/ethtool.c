/* SPDX-License-Identifier: Apache-2.0 */
#include "ethtool.h"

#include <linux/ethtool.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
	ETHTOOL_FEATURES_MAX = 1024,  /* names that are read; there are some 60 */
	ETHTOOL_MODE_WORDS_MAX = 127, /* s8 link_mode_masks_nwords, linux/ethtool.h */
};

static bool ethtool_ask(int socket, const struct weir_link *link, void *command)
{
	struct ifreq request = {.ifr_data = command};

	memcpy(request.ifr_name, link->name, sizeof(link->name));
	return ioctl(socket, SIOCETHTOOL, &request) == 0;
}

static void ethtool_read_driver(int socket, struct weir_link *link)
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	if (*link->driver || !ethtool_ask(socket, link, &info))
		return;
	memcpy(link->driver, info.driver, sizeof(link->driver));
	link->driver[sizeof(link->driver) - 1] = '\0';
}

static void ethtool_read_channels(int socket, struct weir_link *link)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};

	if (!ethtool_ask(socket, link, &channels))
		return;
	if (channels.combined_count + channels.rx_count)
		link->rx_queues = channels.combined_count + channels.rx_count;
	if (channels.combined_count + channels.tx_count)
		link->tx_queues = channels.combined_count + channels.tx_count;
}

/* The kernel first tells how many mode words it has, as a negative number. */
static void ethtool_read_speed(int socket, struct weir_link *link)
{
	union {
		struct ethtool_link_settings settings;
		char space[sizeof(struct ethtool_link_settings) +
			   3 * sizeof(uint32_t) * ETHTOOL_MODE_WORDS_MAX];
	} command = {.settings = {.cmd = ETHTOOL_GLINKSETTINGS}};
	struct ethtool_link_settings *settings = &command.settings;

	if (!ethtool_ask(socket, link, settings) || settings->link_mode_masks_nwords >= 0)
		return;
	settings->link_mode_masks_nwords = (int8_t)-settings->link_mode_masks_nwords;
	settings->cmd = ETHTOOL_GLINKSETTINGS;
	if (ethtool_ask(socket, link, settings) && settings->speed &&
	    settings->speed != (uint32_t)SPEED_UNKNOWN)
		link->speed_bits_per_s = settings->speed * UINT64_C(1000000);
}

static uint32_t ethtool_feature_count(int socket, const struct weir_link *link)
{
	/* struct ethtool_sset_info (linux/ethtool.h) with room for one count behind it */
	struct {
		uint32_t cmd, reserved;
		uint64_t sset_mask;
		uint32_t counts[1];
	} command = {.cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ull << ETH_SS_FEATURES};

	_Static_assert(offsetof(struct ethtool_sset_info, data) == 16, "as laid out above");
	if (!ethtool_ask(socket, link, &command) || !command.sset_mask)
		return 0;
	return command.counts[0] > ETHTOOL_FEATURES_MAX ? 0 : command.counts[0];
}

static uint32_t ethtool_offload_of(const char *feature)
{
	static const struct {
		const char *feature;
		uint32_t offload;
	} table[] = {
		{"rx-gro", WEIR_LINK_GRO},
		{"rx-gro-hw", WEIR_LINK_GRO_HW},
		{"rx-lro", WEIR_LINK_LRO},
		{"tx-tcp-segmentation", WEIR_LINK_TSO},
		{"tx-generic-segmentation", WEIR_LINK_GSO},
		{"rx-vlan-hw-parse", WEIR_LINK_RX_VLAN},
		{"rx-hashing", WEIR_LINK_RX_HASH},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (!strncmp(table[i].feature, feature, ETH_GSTRING_LEN))
			return table[i].offload;
	return 0;
}

static void ethtool_read_offloads(int socket, struct weir_link *link)
{
	uint32_t count = ethtool_feature_count(socket, link);
	uint32_t blocks = (count + 31) / 32;
	struct ethtool_gstrings *names = calloc(1, sizeof(*names) + count * ETH_GSTRING_LEN);
	struct ethtool_gfeatures *features =
		calloc(1, sizeof(*features) + blocks * sizeof(features->features[0]));

	if (names && features && count) {
		names->cmd = ETHTOOL_GSTRINGS;
		names->string_set = ETH_SS_FEATURES;
		names->len = count;
		features->cmd = ETHTOOL_GFEATURES;
		features->size = blocks;
		link->offloads_known = ethtool_ask(socket, link, names) &&
				       ethtool_ask(socket, link, features);
	}
	for (uint32_t i = 0; link->offloads_known && i < count; i++)
		if (features->features[i / 32].active & 1u << i % 32)
			link->offloads |= ethtool_offload_of((const char *)names->data +
							     (size_t)i * ETH_GSTRING_LEN);
	free(names);
	free(features);
}

static void ethtool_read_time_stamping(int socket, struct weir_link *link)
{
	struct ethtool_ts_info info = {.cmd = ETHTOOL_GET_TS_INFO};

	link->time_known = ethtool_ask(socket, link, &info);
	if (!link->time_known)
		return;
	link->time_receive_software = info.so_timestamping & SOF_TIMESTAMPING_RX_SOFTWARE;
	link->time_receive_hardware = info.so_timestamping & SOF_TIMESTAMPING_RX_HARDWARE &&
				      info.rx_filters & 1u << HWTSTAMP_FILTER_ALL;
}

void ethtool_read(int socket, struct weir_link *link)
{
	ethtool_read_driver(socket, link);
	ethtool_read_channels(socket, link);
	ethtool_read_speed(socket, link);
	ethtool_read_offloads(socket, link);
	ethtool_read_time_stamping(socket, link);
}
