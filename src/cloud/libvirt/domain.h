/* One machine as libvirt describes it. */
#ifndef WEISS_CLOUD_LIBVIRT_DOMAIN_H
#define WEISS_CLOUD_LIBVIRT_DOMAIN_H

#include "cloud/lab/lab.h"

/** All strings are borrowed. */
typedef struct weiss_domain {
    const char *name, *uuid; /**< uuid NULL: libvirt makes one */
    bool kvm;
    int vcpus, memory; /**< MiB */
    const weiss_place *place;
    int node; /**< of its memory; -1: any */
    int64_t page; /**< bytes of a huge page; 0: ordinary pages */
    const char *kernel, *initrd, *append;
    const char *disk[2]; /**< root and lab, read-only */
    const char *console; /**< file */
    const char *bridge, *mac; /**< bridge of its card; NULL: the cards are in arguments */
    char *const *arguments; /**< further words for QEMU, NULL-terminated; NULL: none */
    weiss_lab_ivshmem ivshmem;
    const char *region; /**< plain: name in /dev/shm; doorbell: path of the server's socket */
    int64_t region_bytes;
    int vectors;
    long user, group; /**< whom QEMU runs as; -1: whom libvirt takes */
} weiss_domain;

/** Makes the XML. @param[out] xml  freed by the caller @return 0, WEISS_ERR_MEMORY */
int weiss_domain_xml(const weiss_domain *domain, char **xml, weiss_fault *fault);

#endif
