/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network namespace takes the kernel as long as the whole view: a thread makes it meanwhile. Namespaces are a
 * thread's own, so that the first one has to enter it afterwards, by the socket that the other one opened in it.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sandbox/native.h"

static int fail_at(struct csc_native_network *network, const char *step)
{
    network->error = errno;
    network->step = step;
    return -1;
}

/* A socket in the new namespace, whose loopback is up. */
static int make_network(struct csc_native_network *network)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

    if (unshare(CLONE_NEWNET) < 0)
        return fail_at(network, "making a network namespace (unshare)");
    network->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (network->socket < 0)
        return fail_at(network, "bringing loopback up (socket)");
    if (ioctl(network->socket, SIOCSIFFLAGS, &request) < 0)
        return fail_at(network, "bringing loopback up (ioctl)");
    return 0;
}

static void *be_thread(void *network)
{
    (void)make_network(network);
    return NULL;
}

void csc_native_begin_network(struct csc_builder *b)
{
    enum { STACK_BYTES = 64 << 10 };
    pthread_attr_t attributes;

    int error = pthread_attr_init(&attributes);
    if (error == 0)
        error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
    if (error == 0)
        error = pthread_create(&b->network.thread, &attributes, be_thread, &b->network);
    if (error)
        csc_builder_refuse(b, CSC_STEP_NETWORK, error, "starting a thread (clone)");
}

void csc_native_enter_network(struct csc_builder *b)
{
    struct csc_native_network *network = &b->network;
    int error = pthread_join(network->thread, NULL);

    if (error)
        csc_builder_refuse(b, CSC_STEP_NETWORK, error, "waiting for a thread (futex)");
    if (network->error)
        csc_builder_refuse(b, CSC_STEP_NETWORK, network->error, "%s", network->step);
    _cleanup_close_ int namespace = ioctl(network->socket, SIOCGSKNS);
    if (namespace < 0 || setns(namespace, CLONE_NEWNET) < 0)
        csc_builder_refuse(b, CSC_STEP_NETWORK, errno, "entering the network namespace (setns)");
    csc_close_cleanup(&network->socket);
}
