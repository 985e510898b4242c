/* Images in Glance. */
#ifndef WEISS_CLOUD_OPENSTACK_IMAGE_H
#define WEISS_CLOUD_OPENSTACK_IMAGE_H

#include "cloud/openstack/resources.h"

typedef struct weiss_cloud_image {
    const char *name;
    const char *file; /**< a disk, qcow2 or raw: told by its first bytes */
    const char *kernel, *ramdisk; /**< files that instances start with; NULL: from the disk */
    const char *machine; /**< hw_machine_type; NULL: the cloud's own choice */
    bool everybody; /**< all projects see it (needs an administrator) */
    void (*progress)(void *data, const char *name, int64_t sent, int64_t bytes); /**< may be NULL */
    void *data;
    const volatile sig_atomic_t *stop; /**< may be NULL */
} weiss_cloud_image;

/** Sends an image and checks that it arrived as it is here (SHA-512). Nothing is left of one that fails. An image with the same
 *  sum that is there already, under whatever name, is not sent again.
 *  @param[out] id  of it
 *  @param[out] same  name of the image that was there; "": it was sent; has room for 256 bytes
 *  @return 0; WEISS_ERR_USAGE (another image has the name); WEISS_ERR_FILE; WEISS_STOPPED; as weiss_cloud_ask */
int weiss_cloud_image_send(weiss_cloud *cloud, const weiss_cloud_image *image, char id[WEISS_CLOUD_ID],
                           char same[256], weiss_fault *fault);
/** Removes an image and those of its kernel and ramdisk. @param[out] there  it was there */
int weiss_cloud_image_remove(weiss_cloud *cloud, const char *name, bool *there, weiss_fault *fault);

#endif
