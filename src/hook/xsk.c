/* SPDX-License-Identifier: Apache-2.0 */
#include "xsk.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	XSK_COMPLETIONS = 64, /* the ring must exist; nothing is sent */
	XSK_BUSY_US = 20,
	XSK_BUSY_PACKETS = 64, /* of one poll: NAPI_POLL_WEIGHT, linux/netdevice.h */
};

#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69 /* asm-generic/socket.h, since 5.11 */
#endif
#ifndef SO_BUSY_POLL_BUDGET
#define SO_BUSY_POLL_BUDGET 70
#endif

static int xsk_set(int fd, int option, const void *value, socklen_t size)
{
	return setsockopt(fd, SOL_XDP, option, value, size) ? -errno : 0;
}

static int xsk_register(int fd, const struct hook_xdp_request *request, void *memory,
			struct weir_error *error)
{
	uint64_t bytes = (uint64_t)request->frames * request->frame_bytes * request->queues;
	struct xdp_umem_reg region = {
		.addr = (uint64_t)(uintptr_t)memory,
		.len = bytes,
		.chunk_size = request->frame_bytes,
	};
	int rc = xsk_set(fd, XDP_UMEM_REG, &region, sizeof(region));

	if (rc == -ENOBUFS || rc == -EPERM)
		return weir_error_set(
			error, -ENOBUFS,
			"the limit of locked memory does not allow %llu MiB: raise it "
			"(ulimit -l), give CAP_IPC_LOCK, or take fewer frames=",
			(unsigned long long)(bytes >> 20));
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot register %llu MiB of packet memory",
					     (unsigned long long)(bytes >> 20))
		      : 0;
}

static int xsk_make_rings(int fd, const struct hook_xdp_request *request, struct weir_error *error)
{
	const uint32_t fill = 2 * request->ring, completions = XSK_COMPLETIONS;
	int rc = xsk_set(fd, XDP_UMEM_FILL_RING, &fill, sizeof(fill));

	if (rc == 0)
		rc = xsk_set(fd, XDP_UMEM_COMPLETION_RING, &completions, sizeof(completions));
	if (rc == 0)
		rc = xsk_set(fd, XDP_RX_RING, &request->ring, sizeof(request->ring));
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot make rings of %u packets",
					     request->ring)
		      : 0;
}

/* Packets are asked of the driver when they are wanted, and no interrupt interferes. */
static int xsk_make_busy(int fd, struct weir_error *error)
{
	const struct {
		int option, value;
	} wanted[] = {
		{SO_PREFER_BUSY_POLL, 1},
		{SO_BUSY_POLL, XSK_BUSY_US},
		{SO_BUSY_POLL_BUDGET, XSK_BUSY_PACKETS},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (!setsockopt(fd, SOL_SOCKET, wanted[i].option, &wanted[i].value, sizeof(int)))
			continue;
		if (errno == EPERM)
			return weir_error_set(error, -EPERM,
					      "not permitted to poll busily: CAP_NET_ADMIN is "
					      "missing, run as root or leave busy=yes out");
		return weir_error_set_errno(error, -errno,
					    "this kernel's sockets cannot poll busily (Linux 5.11 "
					    "with CONFIG_NET_RX_BUSY_POLL): leave busy=yes out");
	}
	return 0;
}

/* Give the kernel all frames, before the first packet can come. */
static int xsk_fill(int fd, const struct hook_xdp_request *request, uint32_t place,
		    struct weir_error *error)
{
	const uint64_t first = (uint64_t)place * request->frames;
	struct xdp_mmap_offsets offsets;
	socklen_t size = sizeof(offsets);
	size_t bytes;
	uint8_t *map;
	uint64_t *addresses;

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size) || size != sizeof(offsets))
		return weir_error_set(error, -EOPNOTSUPP,
				      "this kernel's AF_XDP is too old (Linux 5.4 will do)");
	bytes = offsets.fr.desc + 2ull * request->ring * sizeof(uint64_t);
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, XDP_UMEM_PGOFF_FILL_RING);
	if (map == MAP_FAILED)
		return weir_error_set_errno(error, -errno, "cannot map a fill ring");
	addresses = (uint64_t *)(map + offsets.fr.desc);
	for (uint32_t i = 0; i < request->frames; i++)
		addresses[i] = (first + i) * request->frame_bytes;
	/* release: the entries are there; pairs with the kernel's look at the producer */
	__atomic_store_n((uint32_t *)(map + offsets.fr.producer), request->frames,
			 __ATOMIC_RELEASE);
	munmap(map, bytes);
	return 0;
}

int xsk_open(const struct hook_xdp_request *request, void *memory, uint32_t place,
	     struct weir_error *error)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0 && (errno == EPERM || errno == EACCES))
		return weir_error_set(error, -EPERM,
				      "not permitted to open an AF_XDP socket: CAP_NET_RAW is "
				      "missing, run as root");
	if (fd < 0)
		return weir_error_set_errno(error, -errno, "this kernel has no AF_XDP sockets");
	rc = place ? 0 : xsk_register(fd, request, memory, error);
	if (rc == 0)
		rc = xsk_make_rings(fd, request, error);
	if (rc == 0)
		rc = xsk_fill(fd, request, place, error);
	if (rc == 0 && request->is_busy)
		rc = xsk_make_busy(fd, error);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}
