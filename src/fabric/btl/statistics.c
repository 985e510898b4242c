/* What went through the region, told at the end of a process as one line of JSON. */
#include "fabric/btl/btl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *path_name(weiss_device_path path)
{
    static const char *const names[] = {"file", "module", "vfio", "sysfs"};
    return names[path];
}

static void write_line(const weiss_btl *btl, FILE *to)
{
    static const char *const modes[] = {"spin", "block", "adaptive"};
    opal_process_name_t name = OPAL_PROC_MY_NAME;
    weiss_endpoint *endpoint;
    const char *comma = "";
    fprintf(to,
            "{\"rank\": %u, \"host\": \"%s\", \"region\": \"%s\", \"path\": \"%s\", \"slot\": %" PRIu32
            ", \"ring_bytes\": %" PRIu64
            ", \"wait\": \"%s\", \"spin_us\": %.1f, \"wake_us\": %.1f, \"sleeps\": %" PRIu64
            ", \"received_messages\": %" PRIu64 ", \"received_bytes\": %" PRIu64
            ", \"rejected_rings\": %" PRIu64 ", \"peers\": [",
            (unsigned)name.vpid, opal_process_info.nodename, weiss_device_name(btl->device),
            path_name(weiss_device_how(btl->device)), btl->member.slot, btl->ring_block,
            modes[btl->waiter.mode], btl->waiter.spin_us, btl->waiter.wake_us, btl->waiter.sleeps,
            btl->received, btl->received_bytes, btl->mailbox.rejections);
    OPAL_LIST_FOREACH(endpoint, &btl->endpoints, weiss_endpoint)
    {
        const weiss_peer_counts *counts = &endpoint->counts;
        fprintf(to,
                "%s{\"rank\": %u, \"job\": %u, \"messages\": %" PRIu64 ", \"bytes\": %" PRIu64
                ", \"puts\": %" PRIu64 ", \"put_bytes\": %" PRIu64 ", \"gets\": %" PRIu64
                ", \"get_bytes\": %" PRIu64 "}",
                comma, (unsigned)endpoint->name.vpid, (unsigned)endpoint->name.jobid, counts->messages,
                counts->bytes, counts->puts, counts->put_bytes, counts->gets, counts->get_bytes);
        comma = ", ";
    }
    fprintf(to, "]}\n");
}

void weiss_btl_statistics_write(const weiss_btl *btl)
{
    const char *where = btl->statistics;
    char path[4096], temporary[4096 + 16];
    opal_process_name_t name = OPAL_PROC_MY_NAME;
    if (where == NULL || where[0] == '\0')
        return;
    if (strcmp(where, "stderr") == 0) {
        write_line(btl, stderr);
        return;
    }
    snprintf(path, sizeof path, "%s/ivshmem-%u.json", where, (unsigned)name.vpid);
    snprintf(temporary, sizeof temporary, "%s.tmp-%d", path, (int)getpid());
    FILE *file = fopen(temporary, "w");
    if (file == NULL) {
        fprintf(stderr, "weiss: warning: ivshmem: cannot write statistics to %s: %s\n", path,
                strerror(errno));
        return;
    }
    write_line(btl, file);
    if (fclose(file) != 0 || rename(temporary, path) != 0)
        remove(temporary);
}
