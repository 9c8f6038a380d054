/* SPDX-License-Identifier: Apache-2.0 */
#include "hook/stack_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	STACK_MTU = 65521, /* the most that a tap device takes: drivers/net/tun.c, MAX_MTU */
	STACK_PATH_BYTES = 96,
};

/* Set a device's sysctl; what this kernel has not got, needs no setting. */
static int stack_set(const char *name, const char *family, const char *key, const char *value)
{
	char path[STACK_PATH_BYTES];
	ssize_t written;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, name, key);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	written = write(fd, value, strlen(value));
	close(fd);
	return written < 0 ? -errno : 0;
}

/*
 * Sources that are not reached through this device are the rule, so they are
 * not checked here; the host's setting for all devices cannot be undone, only
 * told of.
 */
static void stack_relax(const struct stack_device *device,
			void (*notice)(void *user, const char *text), void *user)
{
	char all = '0';
	int fd = open("/proc/sys/net/ipv4/conf/all/rp_filter", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, &all, 1) < 0)
		all = '0';
	if (fd >= 0)
		close(fd);
	if (stack_set(device->name, "ipv4", "rp_filter", "0") && notice)
		notice(user, "cannot set rp_filter: the stack may drop packets by their source");
	else if (all != '0' && notice)
		notice(user, "net.ipv4.conf.all.rp_filter is set: the stack drops packets whose "
			     "source is routed elsewhere");
}

static int stack_create(struct stack_device *device, const char *name, struct weir_error *error)
{
	struct ifreq request = {.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL)};
	const char *wanted = name ? name : "weir%d";

	if (strlen(wanted) >= sizeof(request.ifr_name))
		return weir_error_set(error, -EINVAL, "'%s' is too long for an interface's name",
				      wanted);
	memcpy(request.ifr_name, wanted, strlen(wanted));
	device->fd = open("/dev/net/tun", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	if (device->fd < 0 && errno != EPERM && errno != EACCES)
		return weir_error_set_errno(error, -errno,
					    "this kernel makes no tap devices ('modprobe tun'?)");
	if (device->fd < 0 || ioctl(device->fd, TUNSETIFF, &request)) {
		if (errno == EPERM || errno == EACCES)
			return weir_error_set(error, -EPERM,
					      "no permission to make a tap device: CAP_NET_ADMIN "
					      "is missing, run as root");
		if (name && if_nametoindex(name))
			return weir_error_set(error, -EEXIST,
					      "there is an interface '%s' already: --to-stack "
					      "makes one of its own, give a new name or none",
					      name);
		return weir_error_set_errno(error, -errno, "cannot make the tap device '%s'",
					    wanted);
	}
	memcpy(device->name, request.ifr_name, sizeof(device->name));
	return 0;
}

static int stack_bring_up(const struct stack_device *device, struct weir_error *error)
{
	struct ifreq request = {.ifr_mtu = STACK_MTU};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : 0;

	memcpy(request.ifr_name, device->name, sizeof(request.ifr_name));
	if (rc == 0 && ioctl(fd, SIOCSIFMTU, &request))
		rc = -errno;
	request.ifr_flags = IFF_UP;
	if (rc == 0 && ioctl(fd, SIOCSIFFLAGS, &request))
		rc = -errno;
	if (fd >= 0)
		close(fd);
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot bring '%s' up", device->name) : 0;
}

int stack_device_open(struct stack_device *device, const char *name,
		      void (*notice)(void *user, const char *text), void *user,
		      struct weir_error *error)
{
	int rc = stack_create(device, name, error);

	if (rc < 0)
		return rc;
	stack_relax(device, notice, user);
	/* no address of its own, hence no solicitation: net/ipv6/addrconf.c, IN6_ADDR_GEN_MODE_NONE */
	stack_set(device->name, "ipv6", "addr_gen_mode", "1");
	return stack_bring_up(device, error);
}

void stack_device_close(struct stack_device *device)
{
	if (device->fd >= 0)
		close(device->fd);
	device->fd = -1;
}
