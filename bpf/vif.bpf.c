/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What is decided about a workload's packets before the datapath sees them.
 *
 * `port_security`, at tc ingress of the port's device, drops what check_in_port_sec of the logical
 * pipeline would refuse (ovn-nb(5), port_security). It drops nothing else: what it can't judge (tags,
 * headers that are cut short or extended) goes on, and the pipeline judges it.
 *
 * `miss_budget`, at the socket on which the datapath tells a port's misses, keeps more of them than
 * the port may have from the agent. Packets of flows that are in the kernel never come by.
 *
 * A lookup answers with a bit for each string of the port's rules, so that there is no loop. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/openvswitch.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "vif.h"

char _license[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, VIF_PORTS);
    __type(key, __u32);
    __type(value, __u32);
} ports SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 2 * VIF_PORTS);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, __u32);
    __type(value, struct vif_policy);
} policies SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, VIF_STATIONS);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct vif_station_key);
    __type(value, struct vif_station);
} stations SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(max_entries, VIF_NETWORKS);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct vif_network4);
    __type(value, __u64);
} networks4 SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);
    __uint(max_entries, VIF_NETWORKS);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, struct vif_network6);
    __type(value, __u64);
} networks6 SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_HASH);
    __uint(max_entries, VIF_PORTS);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, __u32);
    __type(value, struct vif_drops);
} drops SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, VIF_PORTS);
    __type(key, __u64);
    __type(value, struct vif_budget);
} budgets SEC(".maps");

/* Headers, without the options of whose place nothing is said. */

enum { TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_RARP = 0x8035, TYPE_IPV6 = 0x86dd };
enum { TYPE_VLAN = 0x8100, TYPE_SERVICE_VLAN = 0x88a8, FIRST_TYPE = 0x0600 };
enum { PROTOCOL_UDP = 17, PROTOCOL_ICMPV6 = 58 };
enum { LISTENER_REPORT = 131, SOLICITATION = 135, ADVERTISEMENT = 136, LISTENER_REPORT2 = 143 };
enum { SOURCE_LINK = 1, TARGET_LINK = 2 };

struct ethernet {
    __u8 destination[6];
    __u8 source[6];
    __be16 type;
} __attribute__((packed));

/* RFC 826, of Ethernet and IPv4. */
struct arp {
    __be16 hardware;
    __be16 protocol;
    __u8 hardware_length;
    __u8 protocol_length;
    __be16 operation;
    __u8 sender[6];
    __u8 sender_ip[4];
    __u8 target[6];
    __u8 target_ip[4];
} __attribute__((packed));

struct ipv4 {
    __u8 version;
    __u8 service;
    __be16 length;
    __be16 identification;
    __be16 fragment;
    __u8 hops;
    __u8 protocol;
    __be16 checksum;
    __u8 source[4];
    __u8 destination[4];
} __attribute__((packed));

struct ipv6 {
    __be32 version;
    __be16 length;
    __u8 protocol;
    __u8 hops;
    __u8 source[16];
    __u8 destination[16];
} __attribute__((packed));

/* RFC 4861 §4.3, §4.4. */
struct neighbour {
    __u8 type;
    __u8 code;
    __be16 checksum;
    __be32 flags;
    __u8 target[16];
} __attribute__((packed));

struct link_option {
    __u8 type;
    __u8 length;
    __u8 address[6];
} __attribute__((packed));

/* What can't be judged. */
#define UNKNOWN (~0ULL)
#define EVERY (~0ULL)

struct judgement {
    struct __sk_buff *skb;
    __u32 policy;
    __u64 with_ipv4;
    __u64 with_ipv6;
    /* Of the packet's Ethernet source. */
    struct vif_station source;
    __u8 address[6];
    __u16 type;
    enum vif_reason reason;
};

static __always_inline int station(__u32 policy, const __u8 *address, struct vif_station *found)
{
    struct vif_station_key key = {.policy = policy};
    struct vif_station *station;

    __builtin_memcpy(key.address, address, sizeof(key.address));
    station = bpf_map_lookup_elem(&stations, &key);
    if (!station)
        return 0;
    *found = *station;
    return 1;
}

static __always_inline __u64 network4(__u32 policy, const __u8 *address)
{
    struct vif_network4 key = {.length = 64, .policy = policy};
    __u64 *mask;

    __builtin_memcpy(key.address, address, sizeof(key.address));
    mask = bpf_map_lookup_elem(&networks4, &key);
    return mask ? *mask : 0;
}

static __always_inline __u64 network6(__u32 policy, const __u8 *address)
{
    struct vif_network6 key = {.length = 160, .policy = policy};
    __u64 *mask;

    __builtin_memcpy(key.address, address, sizeof(key.address));
    mask = bpf_map_lookup_elem(&networks6, &key);
    return mask ? *mask : 0;
}

static __always_inline int is_zero(const __u8 *bytes, int count)
{
    __u8 all = 0;

#pragma unroll
    for (int i = 0; i < count; i++)
        all |= bytes[i];
    return !all;
}

/* Whether an address is the link-local one of an Ethernet address (RFC 4291, appendix A). */
static __always_inline int is_link_local(const __u8 *address, const __u8 *mac)
{
    return address[0] == 0xfe && address[1] == 0x80 && is_zero(address + 2, 6) &&
           address[8] == (mac[0] ^ 2) && address[9] == mac[1] && address[10] == mac[2] &&
           address[11] == 0xff && address[12] == 0xfe && address[13] == mac[3] &&
           address[14] == mac[4] && address[15] == mac[5];
}

/* Each answers which strings allow the packet. */

static __always_inline __u64 allow_arp(struct judgement *j)
{
    struct vif_station sender = {};
    struct arp arp;
    __u64 mask;

    j->reason = VIF_ARP;
    if (bpf_skb_load_bytes(j->skb, sizeof(struct ethernet), &arp, sizeof(arp)))
        return UNKNOWN;
    if (arp.hardware != bpf_htons(1) || arp.protocol != bpf_htons(TYPE_IPV4) ||
        arp.hardware_length != 6 || arp.protocol_length != 4)
        return UNKNOWN;
    mask = j->source.own & ~(j->with_ipv6 & ~j->with_ipv4);
    if (!mask || !station(j->policy, arp.sender, &sender))
        return 0;
    mask &= sender.own | sender.vrrp4;
    return mask & (~j->with_ipv4 | network4(j->policy, arp.sender_ip));
}

/* RFC 2131: a client without an address. */
static __always_inline __u64 allow_dhcp(struct judgement *j, const struct ipv4 *ip, __u64 mask)
{
    __be16 ports[2];

    if (!is_zero(ip->source, 4) || ip->protocol != PROTOCOL_UDP || ip->destination[0] != 255 ||
        ip->destination[1] != 255 || ip->destination[2] != 255 || ip->destination[3] != 255)
        return 0;
    /* Later fragments have no ports. */
    if (ip->fragment & bpf_htons(0x1fff))
        return 0;
    if (ip->version != 0x45)
        return UNKNOWN;
    if (bpf_skb_load_bytes(j->skb, sizeof(struct ethernet) + sizeof(*ip), ports, sizeof(ports)))
        return UNKNOWN;
    if (bpf_htons(68) != ports[0] || bpf_htons(67) != ports[1])
        return 0;
    /* A header that is cut short has no ports for the datapath. */
    return j->skb->len < sizeof(struct ethernet) + sizeof(*ip) + 8 ? UNKNOWN : mask;
}

static __always_inline __u64 allow_ipv4(struct judgement *j)
{
    __u64 mask = j->source.any & j->with_ipv4;
    struct ipv4 ip;
    __u64 allowed;

    j->reason = j->with_ipv4 ? VIF_SOURCE_IPV4 : VIF_PROTOCOL;
    if (!mask)
        return 0;
    if (bpf_skb_load_bytes(j->skb, sizeof(struct ethernet), &ip, sizeof(ip)))
        return UNKNOWN;
    if (ip.version >> 4 != 4 || (ip.version & 15) < 5 ||
        j->skb->len < sizeof(struct ethernet) + (ip.version & 15) * 4)
        return UNKNOWN;
    allowed = mask & network4(j->policy, ip.source);
    return allowed ? allowed : allow_dhcp(j, &ip, mask);
}

/* The link address that a solicitation or advertisement tells; zero if none. Messages are parsed as
 * the datapath parses them, up to four options. */
static __always_inline int link_address(struct judgement *j, const struct ipv6 *ip, int wanted,
                                        __u8 *address)
{
    __u32 offset = sizeof(struct ethernet) + sizeof(*ip) + sizeof(struct neighbour);
    __u32 end = j->skb->len;
    int sources = 0, targets = 0;
    struct link_option option;

    for (int i = 0; i < 5; i++) {
        if (offset + sizeof(option) > end)
            return 1;
        if (i == 4 || bpf_skb_load_bytes(j->skb, offset, &option, sizeof(option)))
            return 0;
        if (!option.length || offset + option.length * 8 > end)
            return 0;
        if (option.type == SOURCE_LINK || option.type == TARGET_LINK) {
            /* Any but one of a kind, of Ethernet's length, is odd. */
            if (option.length != 1)
                return 0;
            if (option.type == SOURCE_LINK ? sources++ : targets++)
                return 0;
            if (option.type == wanted)
                __builtin_memcpy(address, option.address, 6);
        }
        offset += option.length * 8;
    }
    return 0;
}

/* Which of some strings allow what the packet says of neighbours, if anything. */
static __always_inline __u64 allow_neighbour(struct judgement *j, const struct ipv6 *ip,
                                             __u64 mask)
{
    struct vif_station known = {};
    struct neighbour message;
    __u8 link[6] = {};
    int asks;

    if (!mask || ip->protocol != PROTOCOL_ICMPV6)
        return mask;
    if (bpf_skb_load_bytes(j->skb, sizeof(struct ethernet) + sizeof(*ip), &message, 8))
        return UNKNOWN;
    asks = message.type == SOLICITATION;
    if (!asks && message.type != ADVERTISEMENT)
        return mask;
    j->reason = VIF_NEIGHBOUR;
    mask &= j->source.own;
    if (!mask || message.code || ip->hops != 255)
        return 0;
    if (bpf_skb_load_bytes(j->skb, sizeof(struct ethernet) + sizeof(*ip), &message,
                           sizeof(message)) ||
        !link_address(j, ip, asks ? SOURCE_LINK : TARGET_LINK, link))
        return UNKNOWN;
    if (!is_zero(link, 6)) {
        if (!station(j->policy, link, &known))
            return 0;
        mask &= known.own | known.vrrp6;
    }
    if (asks || is_link_local(message.target, j->address))
        return mask;
    return mask & (~j->with_ipv6 | network6(j->policy, message.target));
}

/* The unspecified address: duplicate address detection and listener reports. */
static __always_inline __u64 allow_unspecified(struct judgement *j, const struct ipv6 *ip,
                                               __u64 mask)
{
    __u8 message[8];

    if (!mask || !is_zero(ip->source, 16) || ip->destination[0] != 0xff ||
        ip->destination[1] != 2 || ip->protocol != PROTOCOL_ICMPV6)
        return 0;
    if (bpf_skb_load_bytes(j->skb, sizeof(struct ethernet) + sizeof(*ip), message,
                           sizeof(message)))
        return UNKNOWN;
    if (message[0] == LISTENER_REPORT || message[0] == LISTENER_REPORT2)
        return message[1] ? 0 : mask;
    return message[0] == SOLICITATION ? allow_neighbour(j, ip, mask) : 0;
}

/* Extension headers, which the datapath skips, are not followed. */
static __always_inline int is_extension(__u8 protocol)
{
    return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60 ||
           protocol == 135;
}

static __always_inline __u64 allow_ipv6(struct judgement *j)
{
    __u64 plain = j->source.any & ~(j->with_ipv4 | j->with_ipv6);
    __u64 rest = j->source.any & j->with_ipv6;
    __u64 allowed, own;
    struct ipv6 ip;

    j->reason = j->with_ipv6 || !j->with_ipv4 ? VIF_SOURCE_IPV6 : VIF_PROTOCOL;
    if (!plain && !rest)
        return 0;
    if (bpf_skb_load_bytes(j->skb, sizeof(struct ethernet), &ip, sizeof(ip)))
        return UNKNOWN;
    if (bpf_ntohl(ip.version) >> 28 != 6 || is_extension(ip.protocol) ||
        j->skb->len < sizeof(struct ethernet) + sizeof(ip) + bpf_ntohs(ip.length))
        return UNKNOWN;
    own = is_link_local(ip.source, j->address) ? rest : rest & network6(j->policy, ip.source);
    allowed = allow_neighbour(j, &ip, plain | own);
    return allowed ? allowed : allow_unspecified(j, &ip, rest & ~own);
}

static __always_inline __u64 allow(struct judgement *j)
{
    if (j->type == TYPE_ARP || j->type == TYPE_RARP)
        return allow_arp(j);
    if (j->type == TYPE_IPV4 || j->type == TYPE_IPV6) {
        __u64 plain = j->source.any & ~(j->with_ipv4 | j->with_ipv6);

        if (j->type == TYPE_IPV6)
            return allow_ipv6(j);
        return plain ? plain : allow_ipv4(j);
    }
    j->reason = VIF_PROTOCOL;
    return j->source.any & ~(j->with_ipv4 | j->with_ipv6);
}

static __always_inline int refuse(__u32 ifindex, __u32 reason)
{
    struct vif_drops *count = bpf_map_lookup_elem(&drops, &ifindex);

    if (count && reason < VIF_REASONS)
        count->packets[reason]++;
    return TC_ACT_SHOT;
}

SEC("tc")
int port_security(struct __sk_buff *skb)
{
    struct judgement j = {.skb = skb};
    __u32 ifindex = skb->ifindex;
    struct vif_policy *policy;
    struct ethernet ethernet;
    __u32 *number;

    number = bpf_map_lookup_elem(&ports, &ifindex);
    if (!number)
        return TC_ACT_UNSPEC;
    j.policy = *number;
    policy = bpf_map_lookup_elem(&policies, &j.policy);
    if (!policy || policy->ifindex != ifindex)
        return TC_ACT_UNSPEC;
    j.with_ipv4 = policy->with_ipv4;
    j.with_ipv6 = policy->with_ipv6;
    if (skb->vlan_present || bpf_skb_load_bytes(skb, 0, &ethernet, sizeof(ethernet)))
        return TC_ACT_UNSPEC;
    j.type = bpf_ntohs(ethernet.type);
    /* Groups send nothing: the pipeline has a rule of its own for them. */
    if (j.type < FIRST_TYPE || j.type == TYPE_VLAN || j.type == TYPE_SERVICE_VLAN ||
        ethernet.source[0] & 1)
        return TC_ACT_UNSPEC;
    __builtin_memcpy(j.address, ethernet.source, sizeof(j.address));
    if (!station(j.policy, j.address, &j.source))
        return refuse(ifindex, VIF_SOURCE_MAC);
    return allow(&j) ? TC_ACT_UNSPEC : refuse(ifindex, j.reason);
}

/* Takes one of what the socket may have. Another processor that takes at the same time is met by
 * trying again; whoever loses that often is let through. */
static __always_inline int admit(struct vif_budget *budget)
{
    __u64 now = bpf_ktime_get_ns();

    for (int i = 0; i < 4; i++) {
        __u64 old = budget->due;
        __u64 due = old > now ? old : now;

        if (due - now > budget->tolerance)
            return 0;
        if (__sync_val_compare_and_swap(&budget->due, old, due + budget->interval) == old)
            return 1;
    }
    return 1;
}

SEC("socket")
int miss_budget(struct __sk_buff *skb)
{
    __u64 cookie = bpf_get_socket_cookie(skb);
    struct vif_budget *budget = bpf_map_lookup_elem(&budgets, &cookie);
    __u8 command;

    if (!budget || !budget->interval)
        return skb->len;
    if (bpf_skb_load_bytes(skb, sizeof(struct nlmsghdr), &command, sizeof(command)) ||
        command != OVS_PACKET_CMD_MISS)
        return skb->len;
    if (admit(budget)) {
        __sync_fetch_and_add(&budget->admitted, 1);
        return skb->len;
    }
    __sync_fetch_and_add(&budget->refused, 1);
    return 0;
}
