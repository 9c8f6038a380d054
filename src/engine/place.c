/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include <dirent.h>
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PLACE_NODES_MAX = 1024, PLACE_WORD_BITS = 8 * sizeof(unsigned long) };

/* Linux, Documentation/ABI/stable/sysfs-devices-node: cpuN has a link nodeM. */
int place_node_of(uint32_t cpu)
{
	char path[64];
	struct dirent *entry;
	DIR *directory;
	int node = 0;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u", cpu);
	directory = opendir(path);
	if (!directory)
		return -ENOENT;
	while ((entry = readdir(directory)))
		if (!strncmp(entry->d_name, "node", 4) && entry->d_name[4] >= '0' &&
		    entry->d_name[4] <= '9')
			node = atoi(entry->d_name + 4);
	closedir(directory);
	return node;
}

int place_enter(uint32_t cpu)
{
	unsigned long nodes[PLACE_NODES_MAX / PLACE_WORD_BITS] = {0};
	int node = place_node_of(cpu);

	if (node < 0 || node >= PLACE_NODES_MAX)
		return node < 0 ? node : -ERANGE;
	nodes[(unsigned int)node / PLACE_WORD_BITS] = 1UL << ((unsigned int)node % PLACE_WORD_BITS);
	if (!syscall(SYS_set_mempolicy, MPOL_PREFERRED, nodes, PLACE_NODES_MAX) || errno == ENOSYS)
		return 0;
	return -errno;
}

void place_leave(void)
{
	syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
}
