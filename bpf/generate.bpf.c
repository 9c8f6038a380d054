// SPDX-License-Identifier: GPL-2.0
/*
 * The live sender's program. BPF_PROG_TEST_RUN with live frames runs it once
 * per frame; it turns the frame into the next one of the plan and sends it out
 * of the interface. The kernel recycles frames: it gives a frame its full
 * length back, but not its bytes, and a receiver on this host may have moved
 * some (a VLAN tag taken out). So all headers are written anew.
 */
#include "generate_plan.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

const volatile struct generate_plan plan;
struct generate_progress progress;

/* The next frame's shape. */
static __always_inline const volatile struct generate_shape *next_shape(void)
{
	__u32 slot = progress.slot;
	__u32 shape;

	if (plan.pattern_count == 1)
		return &plan.shapes[0];
	if (slot >= GENERATE_PATTERN_MAX)
		slot = 0;
	progress.slot = slot + 1 >= plan.pattern_count ? 0 : slot + 1;
	shape = plan.pattern[slot];
	return &plan.shapes[shape < GENERATE_SHAPES_MAX ? shape : 0];
}

static __always_inline __u32 next_flow(void)
{
	__u32 flow = progress.flow;

	progress.flow = flow + 1 >= plan.flows ? 0 : flow + 1;
	return flow;
}

/*
 * Every frame has the shortest header, which is copied in large words: these
 * need not be aligned where XDP matters.
 */
static __always_inline void restore_header(__u8 *bytes)
{
#pragma unroll
	for (__u32 i = 0; i < GENERATE_HEADER_LEAST / 8; i++)
		((__u64 *)bytes)[i] = ((const volatile __u64 *)plan.header)[i];
#pragma unroll
	for (__u32 i = GENERATE_HEADER_LEAST / 8 * 4; i < GENERATE_HEADER_WORDS; i++)
		if (2 * i < plan.header_bytes)
			((__u16 *)bytes)[i] = plan.header[i];
}

SEC("xdp")
int generate_live(struct xdp_md *context)
{
	const volatile struct generate_shape *shape = next_shape();
	__u32 flow = next_flow();
	__u8 *bytes;

	progress.frames++;
	if (plan.pattern_count > 1) {
		__s32 length = context->data_end - context->data;

		if (bpf_xdp_adjust_tail(context, (__s32)shape->frame_bytes - length))
			return XDP_DROP;
	}
	bytes = (__u8 *)(long)context->data;
	if (bytes + plan.header_bytes > (__u8 *)(long)context->data_end)
		return XDP_DROP;
	restore_header(bytes);
	generate_write(&plan, shape, flow, bytes);
	return bpf_redirect(plan.interface, 0);
}
