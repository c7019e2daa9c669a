/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/* What the programs of vif.bpf.c and the agent have in common: the maps' keys and values.
 *
 * A port's rules (Port_Binding.port_security) are a policy: a number under which its tables are
 * filled before the port gets it, and that is not used again. So a packet is judged by the old
 * rules or by the new ones, never by half of each. Each string of the rules has a bit. */
#ifndef SWIFT_OVN_VIF_H
#define SWIFT_OVN_VIF_H

#include <linux/types.h>

enum {
    /* Strings of one port: the bits of a mask. */
    VIF_ENTRIES = 64,
    VIF_PORTS = 8192,
    VIF_STATIONS = 65536,
    VIF_NETWORKS = 65536,
};

/* Why a packet was dropped, as far as it came. */
enum vif_reason {
    /* An Ethernet source that no string has. */
    VIF_SOURCE_MAC,
    /* ARP or RARP in the name of another. */
    VIF_ARP,
    VIF_SOURCE_IPV4,
    VIF_SOURCE_IPV6,
    /* A solicitation or advertisement in the name of another. */
    VIF_NEIGHBOUR,
    /* A protocol that a port with addresses may not send. */
    VIF_PROTOCOL,
    VIF_REASONS,
};

struct vif_policy {
    /* The port that has the policy: a number read for another one is no answer. */
    __u32 ifindex;
    __u32 padding;
    /* Strings with addresses of a family. */
    __u64 with_ipv4;
    __u64 with_ipv6;
};

struct vif_station_key {
    __u32 policy;
    __u8 address[6];
    __u8 padding[2];
};

/* What an Ethernet address is in which strings. */
struct vif_station {
    /* Their first address. */
    __u64 own;
    /* Any of their addresses. */
    __u64 any;
    /* A virtual router's (RFC 9568 §7.3). */
    __u64 vrrp4;
    __u64 vrrp6;
};

/* Longest prefix match: an answer has the bits of all networks that contain the address. */
struct vif_network4 {
    /* Of what follows, in bits. */
    __u32 length;
    __u32 policy;
    __u8 address[4];
};

struct vif_network6 {
    __u32 length;
    __u32 policy;
    __u8 address[16];
};

struct vif_drops {
    __u64 packets[VIF_REASONS];
};

/* What one socket may be told of misses: the generic cell rate algorithm (ITU-T I.371). */
struct vif_budget {
    /* When the next miss would come if all came at the rate, nanoseconds of CLOCK_MONOTONIC. */
    __u64 due;
    /* Between two misses at the rate. */
    __u64 interval;
    /* How far `due` may be ahead. */
    __u64 tolerance;
    __u64 admitted;
    __u64 refused;
};

#endif
