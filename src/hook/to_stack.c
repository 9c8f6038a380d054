/* SPDX-License-Identifier: Apache-2.0 */
/* A tap device whose frames the stack receives from another interface, by bpf/to_stack.bpf.c. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hook/stack_device.h"
#include "link.h"
#include "plan.h"

#include "to_stack.skel.h"

/* The interface's own address: by it the stack knows which frames are for this host. */
static int to_stack_take_address(const struct stack_device *device, int interface,
				 struct weir_error *error)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : 0;

	if (rc == 0 && !if_indextoname((unsigned int)interface, request.ifr_name))
		rc = -errno;
	if (rc == 0 && ioctl(fd, SIOCGIFHWADDR, &request))
		rc = -errno;
	memcpy(request.ifr_name, device->name, sizeof(request.ifr_name));
	if (rc == 0 && ioctl(fd, SIOCSIFHWADDR, &request))
		rc = -errno;
	if (fd >= 0)
		close(fd);
	return rc < 0 ? weir_error_set_errno(error, rc, "cannot give '%s' the interface's address",
					     device->name)
		      : 0;
}

/* The descriptor of the link, or -errno. */
static int to_stack_attach(const struct stack_device *device, int interface,
			   struct weir_error *error)
{
	struct to_stack_bpf *own = to_stack_bpf__open();
	int rc = own ? 0 : -errno;

	if (rc == 0) {
		own->rodata->interface = (uint32_t)interface;
		rc = to_stack_bpf__load(own);
	}
	if (rc < 0)
		rc = plan_refused(rc, 0, error);
	else
		rc = link_tcx(bpf_program__fd(own->progs.to_stack),
			      (int)if_nametoindex(device->name), LINK_INGRESS);
	if (rc == -EINVAL)
		weir_error_set(error, rc, "to-stack needs tcx, which Linux 6.6 brought");
	else if (rc < 0 && own)
		weir_error_set_errno(error, rc, "cannot attach to '%s'", device->name);
	to_stack_bpf__destroy(own);
	return rc;
}

int hook_to_stack(int interface, struct hook_answer *answer, struct weir_error *error)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL); /* the library never prints */
	struct stack_device device = {.fd = -1};
	int rc = stack_device_open(&device, NULL, NULL, NULL, error);

	memset(answer, 0, sizeof(*answer));
	if (rc >= 0)
		rc = to_stack_take_address(&device, interface, error);
	if (rc >= 0)
		rc = to_stack_attach(&device, interface, error);
	libbpf_set_print(print);
	if (rc < 0) {
		stack_device_close(&device);
		return rc;
	}
	answer->descriptors[HOOK_TO_STACK_FRAMES] = device.fd;
	answer->descriptors[HOOK_TO_STACK_LINK] = rc;
	answer->count = 2;
	return 0;
}
