// What Swift's importer cannot see of the kernel's and glibc's interface: everything hidden behind
// _GNU_SOURCE, function-like macros, and constants made of casts or sizeof. One C target holds the
// definition, so no Swift target needs unsafe flags.
#ifndef SWIFT_OVN_CLINUX_H
#define SWIFT_OVN_CLINUX_H

#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/types.h>

#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/openvswitch.h>
#include <linux/rtnetlink.h>

/// Moves the calling thread (never the process) into the network namespace; 0 or -errno.
int clinux_setns_network(int descriptor);
/// Gives the calling thread a fresh network namespace; 0 or -errno.
int clinux_unshare_network(void);

/// Names the calling thread; at most 15 bytes are kept.
void clinux_name_thread(const char *name);
/// The kernel's id of the calling thread.
pid_t clinux_thread_id(void);

/// epoll_pwait2 with a nanosecond timeout (negative: for ever); the events as parallel arrays.
/// The count of events or -errno.
int clinux_epoll_wait(int epoll, uint64_t *tokens, uint32_t *events, int capacity,
                      int64_t timeout_nanoseconds);
/// EPOLL_CTL_ADD or EPOLL_CTL_MOD with a 64-bit token as user data; 0 or -errno.
int clinux_epoll_set(int epoll, int operation, int descriptor, uint32_t events, uint64_t token);

/// A signalfd (non-blocking, close-on-exec) of the given signals, which are blocked in the calling
/// thread and so in all threads it starts later; the descriptor or -errno.
int clinux_signal_descriptor(const int *signals, int count);
/// The next signal's number, 0 when none is queued, or -errno.
int clinux_next_signal(int descriptor);
/// Sets the disposition of a signal to "ignore" for the whole process.
void clinux_ignore_signal(int number);

/// What a network device's driver says of itself and of its link (ethtool's GDRVINFO and GSET).
struct clinux_driver {
    char name[32];
    char version[32];
    char firmware[32];
    /// Megabits per second; 0 if it does not say.
    uint32_t speed;
    /// 0 half, 1 full, anything else if it does not say.
    uint8_t duplex;
};
/// A socket for such questions; the descriptor or -errno.
int clinux_query_socket(void);
/// Asks about a device of the socket's network namespace; 0 or -errno.
int clinux_link_driver(int socket, const char *device, struct clinux_driver *driver);

/// The symbolic name of an errno value ("EINVAL"), or NULL.
const char *clinux_errno_name(int number);
/// The text of an errno value, or NULL.
const char *clinux_errno_text(int number);

/// Starts a program found in PATH with no blocked signals; standard input is /dev/null and both
/// outputs go to `output`. 0 with the child's id in `child`, or -errno.
int clinux_spawn(char *const arguments[], int output, pid_t *child);
/// waitpid without the status macros: the exit status, or 128 + signal, or -errno.
int clinux_wait(pid_t child);

/// Datagrams that the kernel has dropped because a socket's queue was full (SO_MEMINFO); 0 if the
/// kernel does not tell.
uint32_t clinux_socket_drops(int socket);

#endif
