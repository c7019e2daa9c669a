#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { EVENTS_PER_WAIT = 256 };

static int result(int value) { return value < 0 ? -errno : value; }

int clinux_setns_network(int descriptor) { return result(setns(descriptor, CLONE_NEWNET)); }

int clinux_unshare_network(void) { return result(unshare(CLONE_NEWNET)); }

void clinux_name_thread(const char *name) {
    char kept[16];
    strncpy(kept, name, sizeof kept - 1);
    kept[sizeof kept - 1] = '\0';
    pthread_setname_np(pthread_self(), kept);
}

// Asked at every turn of a loop, so the kernel is asked once.
static __thread pid_t thread_id;

static void forget_thread_id(void) { thread_id = 0; }

__attribute__((constructor)) static void watch_forks(void) {
    pthread_atfork(NULL, NULL, forget_thread_id);
}

pid_t clinux_thread_id(void) {
    if (thread_id == 0) thread_id = gettid();
    return thread_id;
}

int clinux_epoll_wait(int epoll, uint64_t *tokens, uint32_t *events, int capacity,
                      int64_t timeout_nanoseconds) {
    struct epoll_event ready[EVENTS_PER_WAIT];
    struct timespec timeout = {.tv_sec = timeout_nanoseconds / 1000000000,
                               .tv_nsec = timeout_nanoseconds % 1000000000};
    if (capacity > EVENTS_PER_WAIT) {
        capacity = EVENTS_PER_WAIT;
    }
    int count = epoll_pwait2(epoll, ready, capacity, timeout_nanoseconds < 0 ? NULL : &timeout, NULL);
    for (int i = 0; i < count; i++) {
        tokens[i] = ready[i].data.u64;
        events[i] = ready[i].events;
    }
    return result(count);
}

int clinux_epoll_set(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return result(epoll_ctl(epoll, operation, descriptor, &event));
}

int clinux_signal_descriptor(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < count; i++) {
        sigaddset(&set, signals[i]);
    }
    int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    return error ? -error : result(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

int clinux_next_signal(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t count;
    do {
        count = read(descriptor, &info, sizeof info);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return errno == EAGAIN ? 0 : -errno;
    }
    return count == sizeof info ? (int)info.ssi_signo : -EIO;
}

void clinux_ignore_signal(int number) { signal(number, SIG_IGN); }

static int ethtool(int socket, const char *device, void *request) {
    struct ifreq name;
    memset(&name, 0, sizeof name);
    strncpy(name.ifr_name, device, sizeof name.ifr_name - 1);
    name.ifr_data = request;
    return result(ioctl(socket, SIOCETHTOOL, &name));
}

int clinux_query_socket(void) { return result(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

int clinux_link_driver(int socket, const char *device, struct clinux_driver *driver) {
    struct ethtool_drvinfo information = {.cmd = ETHTOOL_GDRVINFO};
    struct ethtool_cmd settings = {.cmd = ETHTOOL_GSET};
    memset(driver, 0, sizeof *driver);
    driver->duplex = DUPLEX_UNKNOWN;
    int status = ethtool(socket, device, &information);
    if (status < 0) {
        return status;
    }
    strncpy(driver->name, information.driver, sizeof driver->name - 1);
    strncpy(driver->version, information.version, sizeof driver->version - 1);
    strncpy(driver->firmware, information.fw_version, sizeof driver->firmware - 1);
    if (ethtool(socket, device, &settings) == 0) {
        uint32_t speed = ethtool_cmd_speed(&settings);
        driver->speed = speed == (uint32_t)SPEED_UNKNOWN ? 0 : speed;
        driver->duplex = settings.duplex;
    }
    return 0;
}

const char *clinux_errno_name(int number) { return strerrorname_np(number); }

const char *clinux_errno_text(int number) { return strerrordesc_np(number); }

int clinux_spawn(char *const arguments[], int output, pid_t *child) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, 1);
    posix_spawn_file_actions_adddup2(&files, output, 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawnp(child, arguments[0], &files, &attributes, arguments, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return -error;
}

int clinux_wait(pid_t child) {
    int status;
    pid_t waited;
    do {
        waited = waitpid(child, &status, 0);
    } while (waited < 0 && errno == EINTR);
    if (waited < 0) {
        return -errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

uint32_t clinux_socket_drops(int socket)
{
    uint32_t values[SK_MEMINFO_VARS] = { 0 };
    socklen_t length = sizeof values;

    if (getsockopt(socket, SOL_SOCKET, SO_MEMINFO, values, &length) < 0) {
        return 0;
    }
    return values[SK_MEMINFO_DROPS];
}
